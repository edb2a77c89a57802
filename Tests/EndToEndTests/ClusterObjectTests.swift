import Foundation
import Testing

extension EndToEnd {
    /// What pods take from objects of the API server, as the kernel and the containers see it.
    @Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: kubectlPath), "there is no \(kubectlPath)")) struct ClusterObjectTests
    {}
}

private let kubectlPath = "/usr/bin/kubectl"

/// A whole cluster of one node, in the directories of a machine.
private final class Cluster {
    let machine: Machine
    private let process: ChildProcess
    private let output: URL

    init(_ machine: Machine) throws {
        self.machine = machine
        output = machine.folder.appending(path: "up")
        try FileManager.default.createDirectory(at: output, withIntermediateDirectories: true)
        process = try Program.start(Program.swiftlet, ["up", "--listen", "127.0.0.1:0"] + machine.instance, output: output)
        do {
            try waitUntil("the cluster is ready", deadlineSeconds: 60) {
                try String(contentsOf: output.appending(path: "stdout"), encoding: .utf8).contains("ready in ") || !process.isRunning
            }
            guard process.isRunning else { throw Machine.Failure(description: "it ended") }
        } catch {
            stop()
            let said = (try? String(contentsOf: output.appending(path: "stderr"), encoding: .utf8)) ?? ""
            throw Machine.Failure(description: "up: \(error): \(said.suffix(2000))")
        }
    }

    func stop() {
        if process.isRunning { process.terminate() }
        process.waitUntilExit()
    }

    @discardableResult
    func kubectl(_ arguments: String...) throws -> String {
        let kubeconfig = "--kubeconfig=\(machine.dataDirectory)/admin.kubeconfig"
        let result = try Program.run(kubectlPath, [kubeconfig] + arguments)
        guard result.status == 0 else {
            throw Machine.Failure(description: "kubectl \(arguments.joined(separator: " ")): \(result.stderr)")
        }
        return result.stdout
    }

    func apply(_ manifest: String) throws { try kubectl("apply", "-f", try machine.manifest(manifest, name: "objects.yaml")) }

    func waitUntilRunning(_ pod: String) throws {
        try waitUntil("pod \(pod) runs", deadlineSeconds: 30) {
            try kubectl("get", "pod", pod, "-o", "jsonpath={.status.phase}") == "Running"
        } orElse: {
            try kubectl("describe", "pod", pod)
        }
    }

    /// Who the API server says that a token's bearer is, as JSON.
    func identity(ofToken token: String) throws -> String {
        let server = try kubectl("config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}")
        let review = "{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"SelfSubjectReview\"}"
        let headers = ["Authorization: Bearer \(token)", "Content-Type: application/json"].flatMap { ["-H", $0] }
        let url = "\(server)/apis/authentication.k8s.io/v1/selfsubjectreviews"
        return try Program.run("/usr/bin/curl", ["-sk", "-d", review] + headers + [url]).stdout
    }

    func read(_ pod: String, _ script: String) throws -> String { try machine.exec(pod, ["sh", "-c", script]).stdout }
}

private func withCluster(_ body: (Cluster) throws -> Void) throws {
    try withMachine { machine throws in
        let cluster = try Cluster(machine)
        defer { cluster.stop() }
        try body(cluster)
    }
}

extension EndToEnd.ClusterObjectTests {
    private static func pod(_ spec: String) -> String {
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: pod}
        spec:
          terminationGracePeriodSeconds: 1
          containers:
            - name: main
              image: busybox
              imagePullPolicy: IfNotPresent
              command: [sh, -c, "trap 'exit 0' TERM; while :; do sleep 0.1; done"]
        \(spec)
        """
    }

    @Test func `files follow their objects; what is secret is in memory, and gone with the pod`() throws {
        try withCluster { cluster throws in
            let place = try cluster.machine.directory("place")
            try cluster.kubectl("create", "configmap", "cm", "--from-literal=k=v1", "--from-literal=old=x")
            try cluster.kubectl("create", "secret", "generic", "keys", "--from-literal=key=s3cr3t")
            try cluster.apply(
                """
                # kubectl takes what begins with a brace for JSON.
                {apiVersion: v1, kind: PersistentVolume, metadata: {name: pv}, spec: {capacity: {storage: 10Mi},
                accessModes: [ReadWriteOnce], storageClassName: st, local: {path: \(place.path)}, nodeAffinity: {required:
                {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: Exists}]}]}}}}
                ---
                {apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: claim}, spec: {accessModes: [ReadWriteOnce],
                storageClassName: st, resources: {requests: {storage: 1Mi}}}}
                """)
            try cluster.apply(
                Self.pod(
                    """
                          volumeMounts: [{name: cm, mountPath: /cm}, {name: keys, mountPath: /keys}, {name: data, mountPath: /data},
                            {name: cm, mountPath: /one, subPath: k}]
                          env: [{name: KEY, valueFrom: {secretKeyRef: {name: keys, key: key}}}]
                      volumes:
                        - {name: cm, configMap: {name: cm}}
                        - {name: keys, secret: {secretName: keys}}
                        - {name: data, persistentVolumeClaim: {claimName: claim}}
                    """))
            try cluster.waitUntilRunning("pod")
            #expect(try cluster.read("pod", "cat /cm/k /keys/key /one; echo $KEY; echo kept > /data/file") == "v1s3cr3tv1s3cr3t\n")
            #expect(
                try cluster.read("pod", "for d in /cm /keys /var/run/secrets/kubernetes.io/serviceaccount; do stat -fc %T $d; done")
                    .split(separator: "\n").dropFirst() == ["tmpfs", "tmpfs"])
            let folder = "/var/run/secrets/kubernetes.io/serviceaccount"
            #expect(try cluster.read("pod", "cat \(folder)/namespace; grep -c BEGIN \(folder)/ca.crt") == "default1\n")
            let token = try cluster.read("pod", "cat \(folder)/token")
            let who = try cluster.identity(ofToken: token)
            #expect(who.contains("\"system:serviceaccount:default:default\""), "\(who)")

            try cluster.kubectl("patch", "configmap", "cm", "-p", "{\"data\":{\"k\":\"v2\",\"old\":null}}")
            try waitUntil("the volume shows v2") { try cluster.read("pod", "cat /cm/k; ls /cm") == "v2k\n" }
            #expect(try cluster.read("pod", "cat /one") == "v1")

            let memory = "\(cluster.machine.dataDirectory)/memory"
            #expect(cluster.machine.mounts.filter { $0 == memory }.count == 1)
            #expect(try FileManager.default.contentsOfDirectory(atPath: memory).count == 1)
            try cluster.kubectl("delete", "pod", "pod", "--wait=true")
            try waitUntil("nothing secret is left") { try FileManager.default.contentsOfDirectory(atPath: memory).isEmpty }
            #expect(try String(contentsOf: place.appending(path: "file"), encoding: .utf8) == "kept\n")
        }
    }

    @Test func `a pod waits for what is missing, says so, and starts when it comes`() throws {
        try withCluster { cluster throws in
            try cluster.apply(
                Self.pod(
                    """
                          volumeMounts: [{name: v, mountPath: /v}]
                          envFrom: [{configMapRef: {name: settings}}]
                      volumes: [{name: v, configMap: {name: none}}]
                    """))
            func events() throws -> String {
                try cluster.kubectl("get", "events", "-o", "jsonpath={range .items[*]}{.reason}: {.message}{'\\n'}{end}")
            }
            try waitUntil("the volume is told of") {
                try events().contains("FailedMount: MountVolume.SetUp failed for volume \"v\" : configmap \"none\" not found")
            } orElse: {
                try events()
            }
            try cluster.kubectl("create", "configmap", "none", "--from-literal=a=b")
            try waitUntil("the variables are told of") {
                try cluster.kubectl("get", "pod", "pod", "-o", "jsonpath={.status.containerStatuses[0].state.waiting.message}")
                    == "configmap \"settings\" not found"
            } orElse: {
                try cluster.kubectl("describe", "pod", "pod")
            }
            try cluster.kubectl("create", "configmap", "settings", "--from-literal=GREETING=hello")
            try cluster.waitUntilRunning("pod")
            #expect(try cluster.read("pod", "echo $GREETING $KUBERNETES_SERVICE_PORT") == "hello 443\n")
        }
    }
}
