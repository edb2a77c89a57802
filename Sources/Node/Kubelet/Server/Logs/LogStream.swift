internal import APIMachinery
internal import CRI

/// Sends a container instance's log to one client; follows it until the container has ended.
struct LogStream: Sendable {
    let path: String
    let containerID: String
    let options: LogOptions
    let runtime: any RuntimeService
    let executor: (any TaskExecutor)?
    let clock: any TimeSource

    /// Looks again after so long even when nothing wakes it.
    private static let period = Duration.seconds(5)

    func run(_ client: any ResponseStream) async {
        let wakeUp = WakeUp()
        client.onClose { wakeUp.wake() }
        await withTaskExecutorPreference(executor) {
            var reader = LogReader(path: path, options)
            guard options.follow else {
                _ = await send(&reader, client)
                return client.finish()
            }
            let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
            let watch = FileChanges.shared.add(directory, wakeUp)
            let events = runtime.events()
            let ends = Task {
                for await event in events { if case .exited(containerID, _, _) = event { wakeUp.wake() } }
            }
            defer {
                ends.cancel()
                if let watch { FileChanges.shared.remove(watch, wakeUp) }
            }
            while true {
                // Asked first: what it wrote before its end is in the file by then.
                let isRunning = await isRunning
                guard await send(&reader, client), !reader.isComplete, isRunning else { break }
                await wakeUp.wait(until: clock.now + Self.period, clock)
            }
            client.finish()
        }
    }

    private var isRunning: Bool {
        get async {
            guard let status = try? await runtime.containerStatus(containerID) else { return false }
            return status.state == .running
        }
    }

    /// Sends what there is.
    ///
    /// - Returns: False when the client is gone.
    private func send(_ reader: inout LogReader, _ client: any ResponseStream) async -> Bool {
        while let bytes = reader.next() {
            guard client.write(bytes), await client.waitForRoom() else { return false }
        }
        return client.write([])
    }
}
