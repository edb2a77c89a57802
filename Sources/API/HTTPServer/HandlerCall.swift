internal import APIMachinery
internal import NIOCore

/// Calls the server's handler for one request.
///
/// The call begins here and now: a handler that does not wait answers within it, without a change of thread. A handler that waits goes on elsewhere, and its
/// answer comes back by the event loop.
struct HandlerCall {
    private let task: Task<Void, Never>

    /// - Parameter whenAnswered: Called once, on the event loop.
    init(
        _ request: APIRequest, from peer: Peer, traits: RequestTraits, shared: ServerShared, on eventLoop: any EventLoop,
        whenAnswered: @escaping (APIResponse) -> Void
    ) {
        let bound = NIOLoopBound(whenAnswered, eventLoop: eventLoop)
        task = Task.immediate {
            var response = await shared.handler(request, peer)
            if Compression.applies(to: response, peer: peer, traits: traits, configuration: shared.configuration) {
                response = await Compression.compressed(response)
            }
            let answer = response
            if eventLoop.inEventLoop { bound.value(answer) } else { eventLoop.execute { bound.value(answer) } }
        }
    }

    /// The client is gone: the handler may stop.
    func cancel() { task.cancel() }
}
