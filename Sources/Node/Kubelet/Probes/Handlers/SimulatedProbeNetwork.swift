package import CRI

/// Asks the containers of a simulation, in its time.
package struct SimulatedProbeNetwork: ProbeNetwork {
    private let runtime: SimulatedRuntime

    package init(_ runtime: SimulatedRuntime) { self.runtime = runtime }

    package func ask(
        _ question: ProbeQuestion, host: String, port: UInt16, within timeout: Duration
    ) async -> Result<ProbeAnswer, ProbeSocketFailure> {
        let address = "\(host.contains(":") ? "[\(host)]" : host):\(port)"
        let reply = runtime.reply(ip: host, port: port, path: Self.path(question))
        if reply.answer == .refuses {
            return .failure(ProbeSocketFailure(stage: .connecting, text: "dial tcp \(address): connect: connection refused"))
        }
        if question == .connect { return .success(.connected) }
        let isLate = reply.answer == .silent || reply.duration > timeout
        // Not in time when the simulation ends first.
        try? await runtime.clock.sleep(until: runtime.clock.elapsed + (isLate ? timeout : reply.duration))
        if isLate { return .failure(ProbeSocketFailure(stage: .waiting, isTimeout: true, text: "context deadline exceeded")) }
        switch reply.answer {
        case .http(let status, let body, let location):
            return .success(.http(ProbeHTTPAnswer(status: status, location: location, body: Array(body.utf8))))
        case .health(let status): return .success(.health(GRPCHealthAnswer(httpStatus: 200, code: 0, servingStatus: status)))
        case .accepts, .silent, .refuses: return .success(.malformed("EOF"))
        }
    }

    private static func path(_ question: ProbeQuestion) -> String {
        switch question {
        case .connect: ""
        case .get(let request, _): request.target
        case .health(let service, _): service
        }
    }
}
