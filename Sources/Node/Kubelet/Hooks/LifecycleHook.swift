internal import APIMachinery
internal import CRI
internal import KubernetesAPI

/// A postStart or preStop hook of a running container.
struct LifecycleHook: Sendable {
    let handler: LifecycleHandler
    let container: Container
    let containerID: String
    let pod: Pod
    /// Empty with the host's network: then the node's own.
    let podIP: String
    let node: NodeServices

    /// - Returns: Why it failed; nil when it did not.
    func run() async -> String? {
        if let exec = handler.exec { return await run(exec) }
        if let httpGet = handler.httpGet { return await run(httpGet) }
        if let sleep = handler.sleep {
            // Cancelled with the node agent; the container goes on.
            try? await node.clock.sleep(for: .seconds(sleep.seconds))
            return nil
        }
        return "Invalid handler: exec, httpGet or sleep is needed"
    }

    private var place: String { "for Container \"\(container.name)\" in Pod \"\(pod.reference)\"" }

    private func run(_ action: ExecAction) async -> String? {
        let words = action.command.joined(separator: " ")
        func message(_ error: String, _ output: String) -> String {
            "Exec lifecycle hook ([\(words)]) \(place) failed - error: \(error), message: \(GoQuote.text(output))"
        }
        do throws(RuntimeError) {
            let result = try await node.runtime.execSync(containerID, command: action.command, timeout: nil)
            if result.exitCode == 0 { return nil }
            let stderr = String(decoding: result.stderr, as: UTF8.self)
            let output = String(decoding: result.stdout, as: UTF8.self) + stderr
            return message("command '\(words)' exited with \(result.exitCode): \(stderr)", output)
        } catch {
            return message(error.description, "")
        }
    }

    private func run(_ action: HTTPGetAction) async -> String? {
        let path = action.path ?? "/"
        func message(_ error: String) -> String { "HTTP lifecycle hook (\(path)) \(place) failed - error: \(error)" }
        guard action.scheme ?? "HTTP" == "HTTP" else { return message("scheme \(action.scheme ?? "") is not supported yet") }
        guard let port = port(action.port) else { return message("couldn't find port: \(action.port)") }
        var host = action.host ?? podIP
        if host.isEmpty { host = node.configuration.hostIPs.first ?? "127.0.0.1" }
        let request = SmallHTTPRequest(
            host: host, port: port, path: path, headers: action.httpHeaders.map { ($0.name, $0.value) })
        do {
            try await node.blocking { try request.send() }
            return nil
        } catch {
            return message("\(error)")
        }
    }

    private func port(_ port: IntOrString) -> UInt16? {
        switch port {
        case .int(let number): UInt16(exactly: number)
        case .string(let name): container.ports.first { $0.name == name }.flatMap { UInt16(exactly: $0.containerPort) } ?? UInt16(name)
        }
    }
}
