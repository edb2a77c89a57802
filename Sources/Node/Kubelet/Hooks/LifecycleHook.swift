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

    private static let userAgent = "kube-lifecycle/1.36"
    /// The answer's status does not matter, only that there is one.
    private static let timeout = Duration.seconds(30)

    private func run(_ action: HTTPGetAction) async -> String? {
        func message(_ error: String) -> String { "HTTP lifecycle hook (\(action.path ?? "/")) \(place) failed - error: \(error)" }
        guard let port = action.port.number(in: container) else { return message("couldn't find port: \(action.port)") }
        let host = podIP.isEmpty ? node.configuration.hostIPs.first ?? "127.0.0.1" : podIP
        var request = ProbeHTTPRequest(action, host: host, port: port)
        guard let error = await failure(of: request) else { return nil }
        guard request.scheme == "https", error.contains(SecureRequest.plainHTTP) else { return message(error) }
        // A hook that was written before the kubelet spoke TLS may still mean plain HTTP.
        request.scheme = "http"
        guard await failure(of: request) == nil else { return message(error) }
        node.events.send(
            .warning, "LifecycleHTTPFallback", "request to HTTPS lifecycle hook got HTTP response, retry with HTTP succeeded", pod,
            container: container.name)
        return nil
    }

    private func failure(of request: ProbeHTTPRequest) async -> String? {
        let clock = node.clock
        let get = HTTPProbe(request: request, userAgent: Self.userAgent, network: node.probeNetwork)
        switch await get.send(within: Self.timeout, now: { clock.now }) {
        case .answer, .unreadable: return nil
        case .failure(let text): return text
        }
    }
}
