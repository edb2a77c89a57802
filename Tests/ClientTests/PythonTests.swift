import Foundation
import Testing

/// The usual Python clients against the built program: a script each, in `Python`.
@Suite(.enabled(if: Python.isThere), .serialized) struct PythonTests {
    @Test(arguments: ["crud", "dynamic", "asynchronous", "light", "kr"])
    func `a client library does its work`(script: String) throws {
        try Daemon.with { daemon in
            let result = try Python.run(script, daemon)
            #expect(result.status == 0, "\(script).py: \(result.stderr)")
            #expect(result.stdout == "ok\n")
            #expect(daemon.stderr == "", "the daemon has something to say")
        }
    }

    @Test func `a watch goes on from a revision, and begins anew when that is no longer kept`() throws {
        try Daemon.with(["--history", "1s"]) { daemon in
            let result = try Python.run("watch", daemon)
            #expect(result.status == 0, "watch.py: \(result.stderr)")
            #expect(result.stdout == "ok\n")
        }
    }

    /// The operator of kopf's walkthrough; the server is stopped and started again under it.
    @Test func `an operator works, and goes on after the server has been started again`() throws {
        try Daemon.with { daemon in
            @discardableResult func shell(_ command: String) throws -> String { try Python.shell(command, daemon) }
            try shell("kubectl apply -f claims-crd.yaml && kubectl create configmap farewells")
            let operation = try Python.start("-m kopf run --standalone --namespace default claims_operator.py", daemon)
            defer {
                kill(operation.pid, SIGKILL)
                _ = operation.wait(seconds: 5)
            }
            let claim = { (name: String) in
                """
                kubectl apply -f - <<< '{"apiVersion":"kopf.dev/v1","kind":"EphemeralVolumeClaim","metadata":{"name":"\(name)"},"spec":{"size":"1G"}}'
                """
            }
            try shell(claim("first"))
            try waitUntil("the operator has made a claim") { try shell("kubectl get pvc -o name") == "persistentvolumeclaim/first\n" }
            #expect(try shell("kubectl get pvc first -o jsonpath='{.metadata.ownerReferences[0].kind}'") == "EphemeralVolumeClaim")
            try waitUntil("it has noted that in the status") {
                try shell("kubectl get evc first -o jsonpath='{.status.create.claim}'") == "first"
            }
            #expect(
                try shell("kubectl get evc first -o jsonpath='{.metadata.finalizers}'").contains("kopf.zalando.org/KopfFinalizerMarker"))

            #expect(daemon.stop() == 0)
            try daemon.startAgain()
            try shell(claim("second"))
            try waitUntil("the operator has come back") { try shell("kubectl get pvc second -o name --ignore-not-found") != "" }
            try shell("kubectl label evc first colour=blue")
            try waitUntil("a label is passed on") { try shell("kubectl get pvc first -o jsonpath='{.metadata.labels.colour}'") == "blue" }
            try shell("kubectl delete evc first")
            #expect(try shell("kubectl get configmap farewells -o jsonpath='{.data.first}'") == "gone")
            #expect(daemon.stderr == "", "the daemon has something to say")
        }
    }
}

/// The Python with the client libraries, and its scripts.
enum Python {
    private static let program = ProcessInfo.processInfo.environment["SWIFTLET_PYTHON"]

    static let isThere: Bool = {
        if program == nil {
            print("tests with Python clients skipped: SWIFTLET_PYTHON names no Python that has them (Tools/client-tools makes one)")
        }
        return program != nil
    }()

    static func run(_ script: String, _ daemon: Daemon) throws -> (status: Int32?, stdout: String, stderr: String) {
        let child = try start("\(script).py", daemon)
        return (child.wait(seconds: 120), child.stdout, child.stderr)
    }

    static func start(_ arguments: String, _ daemon: Daemon) throws -> Child {
        let work = daemon.folder.appending(path: "work")
        let scripts = KubectlTests.folder.appending(path: "Python").path
        let manifests = KubectlTests.folder.appending(path: "Manifests").path
        return try Child(
            "mkdir -p '\(work.path)'; cd '\(work.path)'; cp '\(scripts)'/*.py '\(manifests)'/*.yaml .; exec '\(program ?? "")' \(arguments)",
            in: daemon.folder.appending(path: "python-\(UUID().uuidString)"), environment: environment(daemon))
    }

    /// - Returns: What a command prints.
    @discardableResult
    static func shell(_ command: String, _ daemon: Daemon) throws -> String {
        guard let kubectl = Kubectl.all.last else { throw Failure(description: "no kubectl") }
        let manifests = KubectlTests.folder.appending(path: "Manifests").path
        let child = try Child(
            "kubectl() { '\(kubectl.path)' \"$@\"; }; cd '\(manifests)'; \(command)", in: daemon.folder.appending(path: "shell"),
            environment: environment(daemon))
        guard child.wait() == 0 else { throw Failure(description: "\(command): \(child.stderr)") }
        return child.stdout
    }

    private static func environment(_ daemon: Daemon) -> [String: String] {
        ["KUBECONFIG": daemon.kubeconfig.path, "HOME": daemon.folder.appending(path: "home").path, "PYTHONDONTWRITEBYTECODE": "1"]
    }
}
