import Foundation
import Testing

/// A control plane and its nodes on machines of their own: network namespaces behind one switch, or behind a router.
final class NodeSite {
    enum Cabling: String, CaseIterable {
        /// All on one link.
        case link
        /// Each on a link of its own; a router is between them.
        case router
    }

    /// One machine: its network namespace and its instance.
    struct Host {
        let index: Int
        let namespace: String
        let address: String
        let folder: URL
        var nodeName: String { "site-\(index)" }
        var instance: [String] { ["--data-dir", folder.appending(path: "data").path, "--run-dir", folder.appending(path: "run").path] }
    }

    static let token = "abcdef.0123456789abcdef"
    let folder: URL
    let hosts: [Host]
    private let cabling: Cabling
    private let middle: String
    private var processes: [String: ChildProcess] = [:]

    static let isPossible = Kubectl.isRunnable && FileManager.default.isExecutableFile(atPath: "/usr/sbin/ip")

    /// - Parameter count: Of nodes, beside the control plane's machine, which is none.
    init(nodes count: Int, _ cabling: Cabling = .link) throws {
        let mark = UUID().uuidString.prefix(6).lowercased()
        let folder = URL(filePath: "/tmp/swiftlet-site-\(mark)")
        self.folder = folder
        self.cabling = cabling
        middle = "site-\(mark)-m"
        hosts = (0...count).map { index in
            Host(
                index: index, namespace: "site-\(mark)-\(index)",
                address: cabling == .link ? "192.0.2.\(index + 10)" : "198.18.\(index).2", folder: folder.appending(path: "\(index)"))
        }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try cable()
    }

    var server: Host { hosts[0] }
    var nodes: ArraySlice<Host> { hosts.dropFirst() }
    var kubeconfig: String { server.folder.appending(path: "data/admin.kubeconfig").path }

    // MARK: wires

    private func cable() throws {
        var script = "ip netns add \(middle); M='ip -n \(middle)'; $M link set lo up; "
        script +=
            cabling == .link
            ? "$M link add br0 type bridge; $M link set br0 up; "
            : "ip netns exec \(middle) sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'; "
        for host in hosts {
            let port = "p\(host.index)"
            script += "ip netns add \(host.namespace); N='ip -n \(host.namespace)'; $N link set lo up; "
            script += "$M link add \(port) type veth peer name eth0 netns \(host.namespace); "
            script += "$N address add \(host.address)/24 dev eth0; $N link set eth0 up; "
            if cabling == .link {
                script += "$M link set \(port) master br0 up; "
            } else {
                script += "$M address add 198.18.\(host.index).1/24 dev \(port); $M link set \(port) up; "
                script += "$N route add default via 198.18.\(host.index).1; "
            }
        }
        _ = try sh(script)
    }

    /// Takes a host off the network, or puts it back.
    func setCable(of host: Host, isPlugged: Bool) throws {
        _ = try sh("ip -n \(middle) link set p\(host.index) \(isPlugged ? "up" : "down")")
    }

    func sh(_ script: String) throws -> String {
        let result = try Program.run("/bin/bash", ["-ec", script])
        guard result.status == 0 else { throw Machine.Failure(description: "\(script): exit \(result.status): \(result.stderr)") }
        return result.stdout.trimmingCharacters(in: .newlines)
    }

    // MARK: programs

    private func inside(_ host: Host, _ command: [String]) -> [String] { ["--net=/run/netns/\(host.namespace)"] + command }

    func run(_ host: Host, _ command: [String], deadlineSeconds: Double = 60) throws -> Program.Result {
        try Program.run("/usr/bin/nsenter", inside(host, command), deadlineSeconds: deadlineSeconds)
    }

    func shell(_ host: Host, _ script: String) throws -> String {
        let result = try run(host, ["/bin/bash", "-ec", script])
        guard result.status == 0 else { throw Machine.Failure(description: "\(script): exit \(result.status): \(result.stderr)") }
        return result.stdout.trimmingCharacters(in: .newlines)
    }

    private func start(_ host: Host, _ name: String, _ arguments: [String]) throws {
        let output = host.folder.appending(path: "\(name)-\(UUID().uuidString.prefix(4))")
        try FileManager.default.createDirectory(at: output, withIntermediateDirectories: true)
        let process = try Program.start(
            "/usr/bin/nsenter", inside(host, [Program.swiftlet] + arguments), output: output)
        processes["\(host.index)"] = process
        let text = { (file: String) in (try? String(contentsOf: output.appending(path: file), encoding: .utf8)) ?? "" }
        try waitUntil("\(name) of \(host.nodeName) is ready", deadlineSeconds: 60) {
            text("stdout").contains("ready in ") || !process.isRunning
        } orElse: {
            text("stderr")
        }
        guard process.isRunning else { throw Machine.Failure(description: "\(name) of \(host.nodeName) ended: \(text("stderr"))") }
    }

    func startServer(_ arguments: [String] = []) throws {
        try start(
            server, "server",
            ["server"] + server.instance + [
                "--listen", "\(server.address):6443", "--cluster-cidr", "10.74.0.0/16", "--service-cidr", "10.174.0.0/24",
                "--bootstrap-token", Self.token,
            ] + arguments)
    }

    /// - Parameter token: nil: the node has joined before.
    func startAgent(_ host: Host, token: String?, _ arguments: [String] = []) throws {
        try start(
            host, "agent",
            ["agent"] + host.instance + ["--node-name", host.nodeName, "--server", "https://\(server.address):6443"]
                + (token.map { ["--token", $0] } ?? []) + arguments)
    }

    /// Ends a host's program; pods stay.
    func stop(_ host: Host, signal: Int32 = SIGTERM) throws {
        guard let process = processes.removeValue(forKey: "\(host.index)") else { return }
        kill(process.processIdentifier, signal)
        process.waitUntilExit()
    }

    func importImage(_ image: String, on host: Host) throws {
        let result = try run(
            host, [Program.swiftlet, "image", "import"] + host.instance + ["\(Program.fixtures ?? "")/\(image).tar"])
        guard result.status == 0 else { throw Machine.Failure(description: "import \(image): \(result.stderr)") }
    }

    /// Server, agents with images, all nodes ready; the token carries the hash, as `token create` prints it.
    func startAll(server arguments: [String] = [], agents agentArguments: [String] = []) throws {
        try startServer(arguments)
        let made = try run(server, [Program.swiftlet, "token", "create"] + server.instance.prefix(2))
        let token = made.stdout.trimmingCharacters(in: .newlines)
        guard made.status == 0 else { throw Machine.Failure(description: "token create: \(made.stderr)") }
        for host in nodes {
            try importImage("busybox", on: host)
            try startAgent(host, token: token, agentArguments)
        }
        for host in nodes { try waitUntilReady(host) }
    }

    // MARK: the cluster

    @discardableResult
    func kubectl(_ arguments: String..., deadlineSeconds: Double = 60) throws -> String {
        let result = try run(
            server, [Kubectl.path ?? "kubectl", "--kubeconfig", kubeconfig] + arguments, deadlineSeconds: deadlineSeconds)
        guard result.status == 0 else {
            throw Machine.Failure(description: "kubectl \(arguments.joined(separator: " ")): \(result.stderr)\(complaints)")
        }
        return result.stdout.trimmingCharacters(in: .newlines)
    }

    func create(_ manifest: String) throws {
        let file = folder.appending(path: "object.yaml")
        try manifest.write(to: file, atomically: true, encoding: .utf8)
        try kubectl("create", "-f", file.path)
    }

    func isReady(_ host: Host) throws -> String {
        try kubectl("get", "node", host.nodeName, "-o", "jsonpath={.status.conditions[?(@.type==\"Ready\")].status}")
    }

    func waitUntilReady(_ host: Host) throws {
        try waitUntil("\(host.nodeName) is ready", deadlineSeconds: 90) { try isReady(host) == "True" }
    }

    struct PodLine: Equatable {
        var name: String
        var node: String
        var address: String
    }

    /// Pods of an `app` that run and are not being deleted.
    func runningPods(_ app: String) throws -> [PodLine] {
        let path =
            "{range .items[?(@.status.phase==\"Running\")]}{.metadata.name} {.spec.nodeName} {.status.podIP} {.metadata.deletionTimestamp}\n{end}"
        return try kubectl("get", "pods", "-l", "app=\(app)", "-o", "jsonpath=\(path)").split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ").map(String.init)
            return words.count == 3 ? PodLine(name: words[0], node: words[1], address: words[2]) : nil
        }.sorted { $0.node < $1.node }
    }

    /// What all programs have had to say, the last of it.
    var complaints: String {
        let files = (try? sh("cat \(folder.path)/*/*-*/stderr | grep -v 'held by a cgroup v1'")) ?? ""
        return String(files.suffix(4000))
    }

    /// Ends everything; what is left of links, routes and tables on any machine is the answer.
    func close() throws -> [String] {
        for host in hosts { try stop(host, signal: SIGKILL) }
        var left: [String] = []
        for host in hosts {
            let result = try run(
                host, [Program.swiftlet, "down"] + host.instance + (host.index > 0 ? ["--node-name", host.nodeName] : []))
            if result.status != 0 { left.append("down on \(host.index): \(result.stderr)") }
            let traces = try shell(
                host, "ip -o link | grep -E 'swl|swx' || true; ip route show proto 83; nft list tables | grep swl || true")
            if !traces.isEmpty { left.append("on \(host.index): \(traces)") }
        }
        for namespace in hosts.map(\.namespace) + [middle] { _ = try sh("ip netns delete \(namespace)") }
        try FileManager.default.removeItem(at: folder)
        return left
    }
}

/// Runs a body with a site; whatever happens, nothing of it stays.
func withSite(nodes: Int, _ cabling: NodeSite.Cabling = .link, _ body: (NodeSite) throws -> Void) throws {
    let site = try NodeSite(nodes: nodes, cabling)
    do {
        try body(site)
    } catch {
        let complaints = site.complaints
        _ = try? site.close()
        throw Machine.Failure(description: "\(error)\n\(complaints)")
    }
    #expect(try site.close() == [])
}
