internal import CRI
import Synchronization

/// Joins a client with a command or a container until one of them is done.
struct RemoteCommandSession: Sendable {
    private enum Event: Sendable {
        case exited(RemoteOutcome)
        case outputsEnded
        /// After the exit nothing has come for a while: whoever still holds the outputs is not waited for.
        case quiet
        case clientGone
    }
    /// A command's children may hold its outputs for as long as they like.
    private static let quietPeriod = Duration.milliseconds(500)
    /// How long a client that was told everything may take to go.
    private static let lingerPeriod = Duration.seconds(10)

    let open: @Sendable () async throws(RuntimeError) -> ContainerStreams
    /// What failed, for its message.
    let failure: String

    func run(_ client: some RemoteCommandClient) async {
        defer { client.close() }
        let streams: ContainerStreams
        do throws(RuntimeError) { streams = try await open() } catch {
            let (events, continuation) = AsyncStream.makeStream(of: Event.self)
            let input = follow(client, nil, continuation)
            await client.finish(.failure("\(failure): \(error)"))
            await linger(events, continuation)
            input.cancel()
            return
        }
        defer { streams.close() }
        await run(client, streams)
    }

    private func run(_ client: some RemoteCommandClient, _ streams: ContainerStreams) async {
        let (events, continuation) = AsyncStream.makeStream(of: Event.self)
        let activity = Activity()
        let input = follow(client, streams, continuation)
        defer { input.cancel() }
        // Not ended with the session: the runtime clears up after the command when it has exited.
        Task { continuation.yield(.exited(await Self.outcome(streams))) }
        Task {
            await Self.copyOutputs(streams, client, activity)
            continuation.yield(.outputsEnded)
        }
        var outcome: RemoteOutcome?
        var haveOutputsEnded = false
        waiting: for await event in events {
            switch event {
            case .clientGone: return
            case .outputsEnded: haveOutputsEnded = true
            case .exited(let how):
                outcome = how
                Task { await Self.announceQuiet(activity, continuation) }
            case .quiet: haveOutputsEnded = true
            }
            if let outcome, haveOutputsEnded {
                await client.finish(outcome)
                break waiting
            }
        }
        await linger(events, continuation)
    }

    private func follow(
        _ client: some RemoteCommandClient, _ streams: ContainerStreams?, _ events: AsyncStream<Event>.Continuation
    ) -> Task<Void, Never> {
        Task {
            await client.run { input in
                switch input {
                // A command that does not read any more does not mind what it is sent.
                case .stdin(let bytes): try? await streams?.stdin?.write(bytes)
                case .stdinEnd: streams?.stdin?.finishWriting()
                case .resize(let size): try? await streams?.resize(size)
                }
            }
            events.yield(.clientGone)
        }
    }

    private static func outcome(_ streams: ContainerStreams) async -> RemoteOutcome {
        do throws(RuntimeError) {
            let code = try await streams.exit() ?? 0
            return code == 0 ? .success : .exit(code)
        } catch {
            return .failure("error executing command in container: \(error)")
        }
    }

    private static func copyOutputs(_ streams: ContainerStreams, _ client: some RemoteCommandClient, _ activity: Activity) async {
        await withDiscardingTaskGroup { group in
            for (channel, output) in [(streams.stdout, RemoteOutput.stdout), (streams.stderr, .stderr)] {
                guard let channel else { continue }
                group.addTask {
                    do {
                        while let bytes = try await channel.read() {
                            try await client.write(bytes, to: output)
                            activity.note()
                        }
                    } catch {
                        // The client takes no more: the command's next write fails.
                        channel.close()
                    }
                }
            }
        }
    }

    private static func announceQuiet(_ activity: Activity, _ events: AsyncStream<Event>.Continuation) async {
        var last = activity.count
        while (try? await Task.sleep(for: quietPeriod)) != nil {
            let now = activity.count
            if now == last { break }
            last = now
        }
        events.yield(.quiet)
    }

    /// The last words must reach the client before the connection is closed.
    private func linger(_ events: AsyncStream<Event>, _ continuation: AsyncStream<Event>.Continuation) async {
        let limit = Task {
            if (try? await Task.sleep(for: Self.lingerPeriod)) != nil { continuation.yield(.clientGone) }
        }
        defer { limit.cancel() }
        for await event in events { if case .clientGone = event { return } }
    }
}

/// Counts what has happened.
private final class Activity: Sendable {
    private let counter = Atomic<Int>(0)
    var count: Int { counter.load(ordering: .relaxed) }
    func note() { counter.add(1, ordering: .relaxed) }
}
