import Foundation
import Testing

extension EndToEnd {
    /// `swiftlet up` as people use it: kubectl makes objects, real processes follow.
    @Suite(.enabled(if: Kubectl.isRunnable)) struct ClusterTests {}
}

extension EndToEnd.ClusterTests {
    private static func sleeper(_ name: String, on node: String) -> String {
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: \(name)}
        spec:
          nodeName: \(node)
          terminationGracePeriodSeconds: 5
          automountServiceAccountToken: false
          containers:
          - name: main
            image: busybox
            imagePullPolicy: IfNotPresent
            command: [sh, -c, "trap 'exit 0' TERM; while :; do sleep 0.05; done"]
        """
    }

    @Test func `a pod made with kubectl runs, is shown everywhere, and goes with its object`() throws {
        let before = KernelInventory.take()
        try withMachine { machine throws in
            let up = try machine.startUp()
            let kubectl = Kubectl(machine: machine)
            #expect(try kubectl.get("node/\(machine.nodeName)", ".status.conditions[?(@.type==\"Ready\")].status") == "True")
            try kubectl.create(Self.sleeper("web", on: machine.nodeName))
            try kubectl.run("wait", "--for=condition=Ready", "pod/web", "--timeout=20s")
            let row = try up.waitUntilRunning("web")
            let pid = try #require(row.pid())
            #expect(ProcessView(pid).isAlive)
            #expect(try kubectl.get("pod/web", ".status.podIP") == row.podIP)
            #expect(try kubectl.get("pod/web", ".status.containerStatuses[0].restartCount") == "0")
            let events = try kubectl.run("get", "events", "--field-selector=involvedObject.name=web", "-o", "jsonpath={.items[*].reason}")
            for reason in ["Pulled", "Created", "Started"] { #expect(events.contains(reason), "\(events)") }
            try kubectl.run("delete", "pod", "web")
            #expect(!ProcessView(pid).isAlive)
            try up.waitUntilGone("web")
            #expect(up.terminate() == 0)
        }
        let after = KernelInventory.settled(like: before)
        #expect(before == after, "\(before.difference(to: after))")
    }

    @Test func `pods outlive the daemon; the next one adopts them, and tells what ended meanwhile`() throws {
        try withMachine { machine throws in
            let kubectl = Kubectl(machine: machine)
            let first = try machine.startUp()
            for name in ["stays", "ends"] { try kubectl.create(Self.sleeper(name, on: machine.nodeName)) }
            let pid = try #require(try first.waitUntilRunning("stays").pid())
            let ending = try #require(try first.waitUntilRunning("ends").pid())
            try kubectl.run("wait", "--for=condition=Ready", "pod/stays", "pod/ends", "--timeout=20s")
            first.kill9()
            #expect(ProcessView(pid).isAlive, "the container died with its daemon")
            kill(pid_t(ending), SIGKILL)
            try waitUntil("the process is gone") { !ProcessView(ending).isAlive }
            let second = try machine.startUp()
            try second.waitUntilRunning("stays")
            #expect(try kubectl.get("pod/stays", ".status.containerStatuses[0].restartCount") == "0")
            #expect(try machine.pod("stays")?.pid() == pid)
            try waitUntil("the other has been started again, and its end told") {
                try kubectl.get("pod/ends", ".status.containerStatuses[0].lastState.terminated.exitCode") == "137"
            }
            #expect(second.terminate() == 0)
            #expect(ProcessView(pid).isAlive, "the container died when its daemon was stopped")
        }
    }

    @Test func `a static pod has a mirror that cannot end it`() throws {
        try withMachine { machine throws in
            let kubectl = Kubectl(machine: machine)
            let up = try machine.startUp()
            let manifest = try machine.manifest(Manifest.sleeper("fixed"), name: "manifests/fixed.yaml")
            let name = "fixed-\(machine.nodeName)"
            let pid = try #require(try up.waitUntilRunning("fixed").pid())
            try waitUntil("the mirror is there") { try kubectl.exists("pod/\(name)") }
            let uid = try kubectl.get("pod/\(name)", ".metadata.uid")
            try kubectl.run("delete", "pod", name, "--wait=false")
            try waitUntil("the mirror is there again") {
                try kubectl.exists("pod/\(name)") && kubectl.get("pod/\(name)", ".metadata.uid") != uid
            }
            #expect(ProcessView(pid).isAlive)
            try FileManager.default.removeItem(atPath: manifest)
            try up.waitUntilGone("fixed")
            try waitUntil("the mirror is gone") { try !kubectl.exists("pod/\(name)") }
            #expect(up.terminate() == 0)
        }
    }

    @Test func `swiftlet stop deletes the object of a pod that the API server wants`() throws {
        try withMachine { machine throws in
            let kubectl = Kubectl(machine: machine)
            let up = try machine.startUp()
            try kubectl.create(Self.sleeper("web", on: machine.nodeName))
            try up.waitUntilRunning("web")
            let result = try machine.swiftlet(["stop"], ["web"])
            #expect(result.status == 0, "\(result.stderr)")
            #expect(try !kubectl.exists("pod/web"))
            #expect(up.terminate() == 0)
        }
    }

    @Test func `a pod that cannot run here says why`() throws {
        try withMachine { machine throws in
            let kubectl = Kubectl(machine: machine)
            let up = try machine.startUp()
            try kubectl.create(Self.sleeper("big", on: machine.nodeName) + "\n    resources: {requests: {cpu: \"1000\"}}\n")
            try waitUntil("it is refused") { try kubectl.get("pod/big", ".status.reason") == "OutOfcpu" }
            let message = try kubectl.get("pod/big", ".status.message")
            #expect(message.hasPrefix("Pod was rejected: Node didn't have enough resource: cpu, requested: 1000000, used: "), "\(message)")
            #expect(up.terminate() == 0)
        }
    }
}
