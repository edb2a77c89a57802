internal import APIMachinery
internal import CRI
internal import KubernetesAPI

/// One attempt of a probe on a running container.
struct ProbeAttempt: Sendable {
    /// As a kubelet of this version introduces itself.
    static let userAgent = "kube-probe/1.36"
    static let maxOutputBytes = 10 << 10
    private static let maxTries = 3

    let probe: Probe
    let container: Container
    let containerID: String
    /// The pod's address; the node's with its network.
    let podIP: String
    let timeout: Duration
    let runtime: any RuntimeService
    let network: any ProbeNetwork
    let clock: any TimeSource

    /// An attempt that goes wrong itself is repeated at once.
    func run() async -> ProbeOutcome {
        var outcome = await tryOnce()
        for _ in 1..<Self.maxTries {
            guard case .error = outcome, !Task.isCancelled else { return outcome }
            outcome = await tryOnce()
        }
        return outcome
    }

    private func tryOnce() async -> ProbeOutcome {
        if let exec = probe.exec { return await run(exec) }
        if let httpGet = probe.httpGet { return await run(httpGet) }
        if let tcpSocket = probe.tcpSocket { return await run(tcpSocket) }
        if let grpc = probe.grpc { return await run(grpc) }
        return .error("missing probe handler for \(container.name)")
    }

    private func run(_ action: ExecAction) async -> ProbeOutcome {
        // Only what stands in the pod is known here, as in the kubelet.
        let values = Dictionary(
            container.env.compactMap { variable in variable.valueFrom == nil ? (variable.name, variable.value ?? "") : nil }
        ) { $1 }
        let command = action.command.map { Expansion.expand($0) { values[$0] } }
        do throws(RuntimeError) {
            let result = try await runtime.execSync(containerID, command: command, timeout: timeout)
            if result.exitCode == 0 { return .success }
            return .failure(String(decoding: (result.stdout + result.stderr).prefix(Self.maxOutputBytes), as: UTF8.self))
        } catch  where error.code == .deadlineExceeded {
            return .failure("command timed out: \"\(command.joined(separator: " "))\" timed out after \(timeout.goMillisecondsText)")
        } catch {
            return .error(error.description)
        }
    }

    private func run(_ action: HTTPGetAction) async -> ProbeOutcome {
        guard let port = action.port.number(in: container) else { return .error("couldn't find port: \(action.port)") }
        let request = ProbeHTTPRequest(action, host: podIP, port: port)
        let (clock, timeout) = (clock, timeout)
        return await HTTPProbe(request: request, userAgent: Self.userAgent, network: network).outcome(within: timeout) { clock.now }
    }

    private func run(_ action: TCPSocketAction) async -> ProbeOutcome {
        guard let port = action.port.number(in: container) else { return .error("couldn't find port: \(action.port)") }
        let host = action.host.flatMap { $0.isEmpty ? nil : $0 } ?? podIP
        switch await network.ask(.connect, host: host, port: port, within: timeout) {
        case .success: return .success
        case .failure(let failure): return .failure(failure.text)
        }
    }

    private func run(_ action: GRPCAction) async -> ProbeOutcome {
        guard let port = UInt16(exactly: action.port) else { return .error("couldn't find port: \(action.port)") }
        let question = ProbeQuestion.health(service: action.service ?? "", userAgent: Self.userAgent)
        switch await network.ask(question, host: podIP, port: port, within: timeout) {
        case .success(.health(let answer)): return answer.outcome(timeout: timeout)
        case .success(.malformed(let text)): return .failure("error: health rpc probe failed: rpc error: code = Unavailable desc = \(text)")
        case .success: return .failure("error: health rpc probe failed: no answer")
        case .failure(let failure) where failure.stage == .connecting && failure.isTimeout:
            let address = "\(podIP.contains(":") ? "[\(podIP)]" : podIP):\(port)"
            return .failure(
                "timeout: failed to connect service \"\(address)\" within \(timeout.goMillisecondsText): context deadline exceeded")
        case .failure(let failure) where failure.isTimeout:
            return .failure("timeout: health rpc did not complete within \(timeout.goMillisecondsText)")
        case .failure(let failure): return .failure("error: failed to connect service at \"\(podIP):\(port)\": \(failure.text)")
        }
    }
}

extension ProbeHTTPRequest {
    /// - Parameter host: Where the action names none.
    init(_ action: HTTPGetAction, host: String, port: UInt16) {
        self.init(
            scheme: (action.scheme ?? "HTTP").lowercased(), host: action.host.flatMap { $0.isEmpty ? nil : $0 } ?? host, port: port,
            path: action.path ?? "/", fields: action.httpHeaders.map { Field(name: $0.name, value: $0.value) })
    }
}

extension IntOrString {
    /// A port by its number, by its name in the container, or by a number that is written as text.
    func number(in container: Container) -> UInt16? {
        switch self {
        case .int(let number): UInt16(exactly: number).flatMap { $0 == 0 ? nil : $0 }
        case .string(let name): container.ports.first { $0.name == name }.flatMap { UInt16(exactly: $0.containerPort) } ?? UInt16(name)
        }
    }
}
