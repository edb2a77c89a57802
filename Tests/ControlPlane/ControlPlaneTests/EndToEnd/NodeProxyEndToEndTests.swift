import APIMachinery
@testable import ControlPlane
import TestSupport
import Testing

/// Logs, exec and upgrades through the API server to a node agent, which is a stub in Python.
@Suite(.serialized) struct NodeProxyEndToEndTests {
    private static let pods = "/api/v1/namespaces/default/pods"

    private func run(_ body: (LiveCluster, BackgroundProgram) async throws -> Void) async throws {
        try await LiveCluster.run { cluster in
            try TestAuthority(of: cluster).issue("kubelet", names: ["n1"], in: cluster.folder)
            let kubelet = try await cluster.startPython("kubelet", stubKubeletProgram, "kubelet.pem pki/ca.crt")
            try await cluster.create("/api/v1/nodes", ["metadata": ["name": "n1"]])
            let status: JSONValue = [
                "status": [
                    "addresses": [["type": "InternalIP", "address": "127.0.0.1"]],
                    "daemonEndpoints": ["kubeletEndpoint": ["Port": .integer(Int64(kubelet.firstLine) ?? 0)]],
                ]
            ]
            #expect(try await cluster.send("PATCH", "/api/v1/nodes/n1/status", status).status == 200)
            // The server makes it too, soon.
            _ = try await cluster.send("POST", "/api/v1/namespaces/default/serviceaccounts", ["metadata": ["name": "default"]])
            let containers: JSONValue = [["name": "main", "image": "busybox:1"], ["name": "big", "image": "busybox:1"]]
            try await cluster.create(
                Self.pods,
                [
                    "metadata": ["name": "p", "annotations": ["kubectl.kubernetes.io/default-container": "main"]],
                    "spec": ["nodeName": "n1", "containers": containers],
                ])
            let running: JSONValue = ["status": ["phase": "Running"]]
            #expect(try await cluster.send("PATCH", "\(Self.pods)/p/status", running).status == 200)
            do { try await body(cluster, kubelet) } catch {
                await kubelet.stop()
                throw error
            }
            await kubelet.stop()
        }
    }

    @Test func `a log follows, and a large one comes whole`() async throws {
        try await run { cluster, kubelet in
            let follow = Task {
                try await cluster.curl("-N -o follow.out --output-dir \(cluster.folder)", "\(Self.pods)/p/log?container=main&follow=true")
            }
            func followed() throws -> String { try SecretFile.read("\(cluster.folder)/follow.out") ?? "" }
            #expect(try await eventually { try followed() == "first\n" })
            try SecretFile.write("", to: "\(cluster.folder)/go")
            _ = try await follow.value
            #expect(try followed() == "first\nsecond\n")
            #expect(kubelet.output.contains("GET /containerLogs/default/p/main?follow=true kube-apiserver-kubelet-client"))
            // A client that reads slowly gets every byte all the same: the node agent is held up, not the client cut off.
            _ = try await cluster.curl("--limit-rate 40M -o big.out --output-dir \(cluster.folder)", "\(Self.pods)/p/log?container=big")
            let sum = try await TestSupport.shell("sha256sum < \(cluster.folder)/big.out").output
            let expected = try await TestSupport.shell(
                "python3 -c 'import sys; [sys.stdout.buffer.write(bytes([i % 251]) * 65536) for i in range(24 * 16)]' | sha256sum")
            #expect(sum == expected.output)
        }
    }

    @Test func `an upgraded connection carries every byte both ways`() async throws {
        try await run { cluster, kubelet in
            let port = cluster.server.url.split(separator: ":").last ?? ""
            try SecretFile.write(echoClientProgram, to: "\(cluster.folder)/echo.py")
            let answer = try await TestSupport.shell(
                "python3 \(cluster.folder)/echo.py 127.0.0.1 \(port) \(cluster.folder) '\(Self.pods)/p/exec?container=main&command=x&stdin=true'"
            )
            #expect(answer.output == "HTTP/1.1 101 Switching Protocols\nsame\n")
            #expect(kubelet.output.contains("POST /exec/default/p/main?command=x&input=1 kube-apiserver-kubelet-client"))
        }
    }

    @Test func `a node's own pages`() async throws {
        try await run { cluster, _ in
            let page = try await cluster.curl("", "/api/v1/nodes/n1/proxy/stats/summary?only=1")
            #expect(page == "you asked for /stats/summary?only=1\n")
        }
    }

    @Test func `a node agent has to be who it is said to be`() async throws {
        try await LiveCluster.run { cluster in
            try TestAuthority().issue("kubelet", names: ["n1"], in: cluster.folder)
            let kubelet = try await cluster.startPython("kubelet", stubKubeletProgram, "kubelet.pem pki/ca.crt")
            try await cluster.create("/api/v1/nodes", ["metadata": ["name": "n1"]])
            let status: JSONValue = [
                "status": [
                    "addresses": [["type": "InternalIP", "address": "127.0.0.1"]],
                    "daemonEndpoints": ["kubeletEndpoint": ["Port": .integer(Int64(kubelet.firstLine) ?? 0)]],
                ]
            ]
            #expect(try await cluster.send("PATCH", "/api/v1/nodes/n1/status", status).status == 200)
            let answer = try await cluster.curl("", "/api/v1/nodes/n1/proxy/healthz")
            #expect(answer.contains("error trying to reach service: tls: failed to verify certificate"), "\(answer)")
            await kubelet.stop()
        }
    }

    @Test(
        .enabled(if: !ControlPlaneServerTests.kubectls.isEmpty, "there is no kubectl on PATH, and SWIFTLET_KUBECTLS names none"),
        arguments: ControlPlaneServerTests.kubectls)
    func `kubectl reads logs, executes and forwards ports`(kubectl: String) async throws {
        try await run { cluster, _ in
            let command = "\(kubectl) --kubeconfig \(cluster.server.kubeconfigPath) --cache-dir \(cluster.folder)/cache"
            #expect(try await TestSupport.shell("\(command) logs p").output == "first\n")
            let lines = try await TestSupport.shell("touch \(cluster.folder)/go && \(command) logs -f p -c main --tail 5").output
            #expect(lines == "first\nsecond\n")
            #expect(try await TestSupport.shell("\(command) exec p -- echo hi there").output == "echo hi there\n")
            let failed = try await TestSupport.shell("\(command) exec p -- fail")
            #expect(failed.status == 3)
            let piped = try await TestSupport.shell("head -c 1000000 /dev/zero | tr '\\0' x | \(command) exec -i p -- cat | sha256sum")
            let expected = try await TestSupport.shell("{ echo cat; head -c 1000000 /dev/zero | tr '\\0' x; } | sha256sum")
            #expect(piped.output == expected.output)
            try await forward(command, cluster)
        }
    }

    private func forward(_ command: String, _ cluster: LiveCluster) async throws {
        let output = "\(cluster.folder)/forward.out"
        let pid = "\(cluster.folder)/forward.pid"
        _ = try await TestSupport.shell("{ \(command) port-forward p :80 > \(output) 2>&1 & } && echo $! > \(pid)")
        var said: String { ((try? SecretFile.read(output)) ?? nil) ?? "" }
        var port: Substring? { said.firstMatch(of: /127\.0\.0\.1:(\d+) -> 80/)?.1 }
        #expect(try await eventually { port != nil }, "\(said)")
        try SecretFile.write(forwardClientProgram, to: "\(cluster.folder)/forward.py")
        for _ in 0..<2 {
            let answer = try await TestSupport.shell("python3 \(cluster.folder)/forward.py \(port ?? "0")")
            #expect(answer.output == "same\n", "\(said)")
        }
        _ = try await TestSupport.shell("kill -9 $(cat \(pid))")
    }
}
