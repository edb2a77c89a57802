/// What somebody asks a simulated container over the network.
package struct NetworkQuestion: Sendable, Hashable {
    package var port: UInt16
    /// Of an HTTP request, with its query; the service of a gRPC health check; else empty.
    package var path = ""
    /// Since the container's start.
    package var time: Duration
}

/// What a simulated container does with a question.
package enum NetworkAnswer: Sendable, Hashable {
    /// Nobody listens at the port.
    case refuses
    /// Takes the connection and says nothing.
    case silent
    /// Takes the connection: enough for who only wants that.
    case accepts
    case http(status: Int, body: String = "", location: String? = nil)
    /// `ServingStatus` of the gRPC health checking protocol: 1 is SERVING.
    case health(Int)
}

/// The answer and how long it takes.
package struct NetworkReply: Sendable, Hashable {
    package var answer: NetworkAnswer
    package var duration: Duration
    package init(_ answer: NetworkAnswer, after duration: Duration = .zero) {
        self.answer = answer
        self.duration = duration
    }
}

extension SimulatedRuntime {
    /// Asks the containers of the sandbox with this address; those that answer nothing at a port refuse.
    package func reply(ip: String, port: UInt16, path: String) -> NetworkReply {
        let running = state.withLock { state in
            state.containers.values.filter { container in
                container.status.state == .running && state.sandboxes[container.status.sandboxID]?.status.network.ip == ip
            }
        }
        for container in running.sorted(by: { $0.name < $1.name }) {
            let time = Duration.nanoseconds(clock.wallNanoseconds - container.status.startedAt)
            let reply = container.script.network(NetworkQuestion(port: port, path: path, time: time))
            if reply.answer == .refuses { continue }
            state.withLock { note("ask \(container.name) :\(port)\(path)", &$0) }
            return reply
        }
        return NetworkReply(.refuses)
    }
}
