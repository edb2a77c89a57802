import Foundation
import Testing

extension EndToEnd {
    /// Ports of the node that lead to pods.
    @Suite struct HostPortTests {}
}

extension EndToEnd.HostPortTests {
    /// One that no other test of this run uses.
    private func port(_ machine: Machine) -> Int { 20_000 + machine.subnet }

    private func server(_ name: String, _ port: Int, extra: String = "") -> String {
        Manifest.fixture(
            name, container: "ports: [{containerPort: 8080, hostPort: \(port)\(extra.isEmpty ? "" : ", \(extra)")}]",
            arguments: "run, --http, '8080'")
    }

    /// What an address answers, empty when nobody does.
    private func answer(_ address: String, _ port: Int) throws -> String {
        let program = "import sys, urllib.request as u; sys.stdout.write(u.urlopen(sys.argv[1], timeout=5).read().decode())"
        return try Program.run("/usr/bin/env", ["python3", "-c", program, "http://\(address):\(port)/"]).stdout
    }

    private func waitForAnswer(_ address: String, _ port: Int) throws {
        try waitUntil("\(address):\(port) answers") { try answer(address, port) == "healthy\n" }
    }

    @Test func `a host port answers on the node's addresses and to other pods, and ends with its pod`() throws {
        try withMachine(images: ["fixture", "busybox"]) { machine throws in
            let port = port(machine)
            let file = try machine.manifest(server("web", port), name: "manifests/web.yaml")
            _ = try machine.manifest(Manifest.sleeper("client"), name: "manifests/client.yaml")
            let agent = try machine.startAgent()
            try agent.waitUntilRunning("web")
            let client = try agent.waitUntilRunning("client").name
            let node = "10.77.\(machine.subnet).1"
            for address in ["127.0.0.1", node] { try waitForAnswer(address, port) }
            #expect(try machine.exec(client, ["wget", "-q", "-O", "-", "http://\(node):\(port)/"]).stdout == "healthy\n")
            try FileManager.default.removeItem(atPath: file)
            try agent.waitUntilGone("web")
            #expect(try answer("127.0.0.1", port) == "")
        }
    }

    @Test func `host ports outlive the daemon, and the next pod has them at once`() throws {
        try withMachine(images: ["fixture"]) { machine throws in
            let port = port(machine)
            let file = try machine.manifest(server("web", port), name: "manifests/web.yaml")
            let agent = try machine.startAgent()
            try agent.waitUntilRunning("web")
            try waitForAnswer("127.0.0.1", port)
            agent.kill9()
            #expect(try answer("127.0.0.1", port) == "healthy\n")
            let next = try machine.startAgent()
            try next.waitUntilRunning("web")
            #expect(try answer("127.0.0.1", port) == "healthy\n")
            // Another pod in its place wants the same port.
            try FileManager.default.removeItem(atPath: file)
            try next.waitUntilGone("web")
            _ = try machine.manifest(server("other", port), name: "manifests/other.yaml")
            try next.waitUntilRunning("other", deadlineSeconds: 30)
            try waitForAnswer("127.0.0.1", port)
        }
    }

    @Test func `of two pods with one host port the second is refused in the kubelet's words`() throws {
        try withMachine(images: ["fixture"]) { machine throws in
            let port = port(machine)
            let pods = ["one", "two"].map { server($0, port) }.joined(separator: "\n---\n")
            _ = try machine.manifest(pods, name: "manifests/pods.yaml")
            let agent = try machine.startAgent()
            try waitUntil("one of them runs, the other has failed") {
                Set(try machine.pods().map(\.phase)) == ["Running", "Failed"]
            }
            let refused = try #require(try machine.pods().first { $0.phase == "Failed" })
            #expect(refused.reason == "NodePorts")
            #expect(
                refused.message
                    == "Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports")
            #expect(agent.stderr.contains("NodePorts"), "\(agent.stderr)")
        }
    }

    @Test func `a host port at one address is open there only`() throws {
        try withMachine(images: ["fixture"]) { machine throws in
            let port = port(machine)
            _ = try machine.manifest(server("web", port, extra: "hostIP: 127.0.0.1"), name: "manifests/web.yaml")
            try machine.startAgent().waitUntilRunning("web")
            try waitForAnswer("127.0.0.1", port)
            #expect(try answer("10.77.\(machine.subnet).1", port) == "")
        }
    }

    @Test func `with the host's network the pod binds its ports itself`() throws {
        try withMachine(images: ["fixture"]) { machine throws in
            let port = port(machine)
            let pod = Manifest.fixture(
                "web", pod: "hostNetwork: true", container: "ports: [{containerPort: \(port)}]", arguments: "run, --http, '\(port)'")
            _ = try machine.manifest(pod, name: "manifests/web.yaml")
            try machine.startAgent().waitUntilRunning("web")
            try waitForAnswer("127.0.0.1", port)
            #expect(!KernelInventory.take().nftablesTables.contains { $0.hasSuffix("-ports") })
        }
    }
}
