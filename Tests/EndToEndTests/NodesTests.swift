import Foundation
import Testing

extension EndToEnd {
    /// Several nodes: each a machine of its own with its own network.
    @Suite(.enabled(if: NodeSite.isPossible)) struct NodesTests {}
}

extension EndToEnd.NodesTests {
    /// Tells who asks: the address that it sees.
    private static func web(_ kind: String, replicas: Int? = nil, tolerations: String = "[]") -> String {
        let script =
            "mkdir -p /www/cgi-bin; printf '#!/bin/sh\\necho; echo $REMOTE_ADDR asked $(hostname)\\n' >/www/cgi-bin/who; "
            + "chmod +x /www/cgi-bin/who; head -c 300000 /dev/zero >/www/big; echo serving; exec httpd -f -p 8080 -h /www"
        return """
            apiVersion: apps/v1
            kind: \(kind)
            metadata: {name: web}
            spec:
              \(replicas.map { "replicas: \($0)" } ?? "minReadySeconds: 0")
              selector: {matchLabels: {app: web}}
              template:
                metadata: {labels: {app: web}}
                spec:
                  terminationGracePeriodSeconds: 0
                  tolerations: \(tolerations)
                  containers:
                  - name: main
                    image: busybox
                    imagePullPolicy: Never
                    command: [sh, -c, "\(script.replacingOccurrences(of: "\\", with: "\\\\"))"]
            """
    }

    private static func ask(_ site: NodeSite, from pod: NodeSite.PodLine, _ url: String) throws -> String {
        plain(try site.kubectl("exec", pod.name, "--", "wget", "-q", "-O", "-", url))
    }

    /// IPv4 addresses as such: the server listens to both families with one socket.
    private static func plain(_ text: String) -> String {
        text.replacingOccurrences(of: "[::ffff:", with: "").replacingOccurrences(of: "]", with: "")
    }

    /// The same from a node itself.
    private static func ask(_ site: NodeSite, from host: NodeSite.Host, _ pod: NodeSite.PodLine) throws -> String {
        let request = "exec 3<>/dev/tcp/\(pod.address)/8080; printf 'GET /cgi-bin/who HTTP/1.0\\r\\n\\r\\n' >&3; timeout 20 tail -n 1 <&3"
        return plain(try site.shell(host, request))
    }

    /// Pods on both nodes, each asked by the other.
    private static func pair(_ site: NodeSite) throws -> [NodeSite.PodLine] {
        var pods: [NodeSite.PodLine] = []
        try waitUntil("a pod runs on each node", deadlineSeconds: 60) {
            pods = try site.runningPods("web")
            return pods.map(\.node) == site.nodes.map(\.nodeName)
        } orElse: {
            try site.kubectl("get", "pods", "-o", "wide")
        }
        for (one, other) in [(pods[0], pods[1]), (pods[1], pods[0])] {
            try waitUntil("\(one.name) sees \(other.name), which sees its own address", deadlineSeconds: 60) {
                try ask(site, from: one, "http://\(other.address):8080/cgi-bin/who") == "\(one.address) asked \(other.name)"
            } orElse: {
                try ask(site, from: one, "http://\(other.address):8080/cgi-bin/who")
            }
        }
        return pods
    }

    @Test func `pods of two nodes talk without translation, kubectl finds each, and a restart of everything disturbs none`() throws {
        try withSite(nodes: 2) { site throws in
            try site.startAll()
            try site.create(Self.web("DaemonSet"))
            try site.kubectl("create", "service", "clusterip", "web", "--tcp=80:8080")
            let pods = try Self.pair(site)
            let ranges = try site.kubectl("get", "nodes", "-o", "jsonpath={.items[*].spec.podCIDR}").split(separator: " ").map(String.init)
            #expect(Set(ranges) == ["10.74.0.0/24", "10.74.1.0/24"])

            // A service leads to both, by its name, and the caller stays who it is.
            var asked: Set<String> = []
            try waitUntil("the service leads to both nodes") {
                let answer = try Self.ask(site, from: pods[0], "http://web/cgi-bin/who")
                // Only who is led back to himself comes from his gateway: else he would answer himself.
                #expect(answer.hasSuffix(pods[0].name) || answer.hasPrefix("\(pods[0].address) asked "), "\(answer)")
                asked.insert(String(answer.split(separator: " ").last ?? ""))
                return asked == Set(pods.map(\.name))
            }

            for (pod, host) in zip(pods, site.nodes) {
                #expect(try site.kubectl("logs", pod.name) == "serving")
                #expect(try site.kubectl("exec", pod.name, "--", "hostname") == pod.name)
                let secrets = try site.sh("stat -c %a \(host.folder.path)/data/agent \(host.folder.path)/data/agent/*")
                #expect(Set(secrets.split(separator: "\n")) == ["700", "600"])
            }

            // Without its control plane, and without its agents, the network stays as it is.
            try site.stop(site.server)
            let near = try #require(site.nodes.first)
            #expect(try Self.ask(site, from: near, pods[1]).hasSuffix("asked \(pods[1].name)"))
            for host in site.nodes { try site.stop(host, signal: SIGKILL) }
            #expect(try Self.ask(site, from: near, pods[1]).hasSuffix("asked \(pods[1].name)"))
            // An agent needs neither the token nor the server to come back.
            try site.startAgent(near, token: nil)
            try site.startServer()
            for host in site.nodes.dropFirst() { try site.startAgent(host, token: nil) }
            #expect(try Self.pair(site) == pods)
            #expect(try site.kubectl("get", "pods", "-o", "jsonpath={.items[*].status.containerStatuses[0].restartCount}") == "0 0")

            // A node that leaves takes its routes with it; foreign ones stay.
            let far = try #require(site.nodes.last)
            _ = try site.shell(near, "ip route add 10.74.1.0/25 via \(far.address) proto static")
            try site.stop(far)
            try site.kubectl("delete", "node", far.nodeName)
            try waitUntil("the route to the node that left is gone") { try site.shell(near, "ip route show proto 83") == "" }
            #expect(try site.shell(near, "ip route show proto static").contains("10.74.1.0/25"))
            _ = try site.shell(near, "ip route delete 10.74.1.0/25")
        }
    }

    @Test func `behind a router pods meet through a tunnel whose packets fit`() throws {
        try withSite(nodes: 2, .router) { site throws in
            try site.startAll()
            try site.create(Self.web("DaemonSet"))
            let pods = try Self.pair(site)
            let near = try #require(site.nodes.first)
            let tunnel = try site.shell(near, "ip -d link show type vxlan")
            #expect(tunnel.contains("mtu 1450") && tunnel.contains("dstport 4789"), "\(tunnel)")
            // Longer than any packet.
            let big = try site.kubectl("exec", pods[0].name, "--", "sh", "-c", "wget -q -O - http://\(pods[1].address):8080/big | wc -c")
            #expect(big.trimmingCharacters(in: .whitespaces) == "300000")
            // The node itself is seen with its address in the pod network, to which answers find back.
            let answer = try Self.ask(site, from: near, pods[1])
            #expect(answer.hasPrefix("10.74.") && answer.contains(".1 asked "), "\(answer)")
        }
    }

    @Test func `a node cut off is not ready, its pods are replaced, and it heals when it comes back`() throws {
        try withSite(nodes: 2) { site throws in
            let configuration = site.folder.appending(path: "kubelet.yaml")
            try """
            apiVersion: kubelet.config.k8s.io/v1beta1
            kind: KubeletConfiguration
            nodeLeaseDurationSeconds: 4
            """.write(to: configuration, atomically: true, encoding: .utf8)
            try site.startAll(server: ["--node-monitor-grace-period", "10s"], agents: ["--config", configuration.path])
            let tolerations = """
                [{key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 1}]
                """
            try site.create(Self.web("Deployment", replicas: 4, tolerations: tolerations))
            func count() throws -> [String: Int] { try site.runningPods("web").reduce(into: [:]) { $0[$1.node, default: 0] += 1 } }
            try waitUntil("pods run on both nodes", deadlineSeconds: 60) { try count().values.reduce(0, +) == 4 && count().count == 2 }

            let (stays, goes) = (try #require(site.nodes.first), try #require(site.nodes.last))
            try site.setCable(of: goes, isPlugged: false)
            try waitUntil("the node counts as lost", deadlineSeconds: 90) { try site.isReady(goes) == "Unknown" }
            try waitUntil("its pods are replaced", deadlineSeconds: 90) {
                try count()[stays.nodeName] == 4
            } orElse: {
                try site.kubectl("get", "pods", "-o", "wide")
            }
            try site.setCable(of: goes, isPlugged: true)
            try site.waitUntilReady(goes)
            try waitUntil("what was replaced is gone there too", deadlineSeconds: 90) {
                let onNode = "spec.nodeName=\(goes.nodeName)"
                return try site.kubectl("get", "pods", "-l", "app=web", "--field-selector", onNode, "-o", "name") == ""
            } orElse: {
                try site.kubectl("get", "pods", "-o", "wide")
            }
            // It is as good as before: what is drained from the other comes to it.
            try site.kubectl("drain", stays.nodeName, "--ignore-daemonsets", "--force", deadlineSeconds: 120)
            try waitUntil("all run on the node that came back", deadlineSeconds: 90) { try count() == [goes.nodeName: 4] }
        }
    }

    @Test func `who has the wrong hash, token or no token is told what is wrong`() throws {
        try withSite(nodes: 1) { site throws in
            try site.startServer()
            let host = try #require(site.nodes.first)
            let hash = "sha256:" + String(repeating: "0", count: 64)
            let good = try site.run(site.server, [Program.swiftlet, "token", "create"] + site.server.instance.prefix(2)).stdout
            let goodHash = try #require(good.split(separator: "@").last).trimmingCharacters(in: .newlines)
            let cases: [(arguments: [String], status: Int32, message: String)] = [
                ([], 2, "--token is needed"),
                (["--token", "nonsense"], 2, "--token: must be ID.SECRET"),
                (["--token", NodeSite.token], 2, "--ca-hash sha256:HASH is needed"),
                (["--token", NodeSite.token, "--ca-hash", hash], 1, "not the cluster that the token is for"),
                (["--token", "aaaaaa.0123456789abcdef", "--ca-hash", goodHash], 1, "Unauthorized"),
            ]
            for one in cases {
                let result = try site.run(
                    host,
                    [Program.swiftlet, "agent"] + host.instance + ["--node-name", "x", "--server", "https://\(site.server.address):6443"]
                        + one.arguments)
                #expect(result.status == one.status && result.stderr.contains(one.message), "\(one): \(result.stderr)")
                #expect(result.stderr.split(separator: "\n").count == 1, "\(result.stderr)")
            }
        }
    }
}
