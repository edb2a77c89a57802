internal import APIMachinery
internal import CRI

/// Kills what is left of a pod that is ending when a later deletion gives it less time.
///
/// The kubelet leaves a stop that is under way as long as it was meant to take; here the later deletion counts, as its caller expects.
final class EarlyEnd: Sendable {
    private static let longWait = Duration.seconds(3_600)
    private let entry: PodEntry
    private let node: NodeServices
    private let containers: [String]
    private let gracePeriodSeconds: Int64
    private let isOver = OneShot<Void>()

    /// - Parameters:
    ///   - containers: Ids of those that are being stopped.
    ///   - gracePeriodSeconds: What they have been given.
    init(_ entry: PodEntry, _ node: NodeServices, _ containers: [String], gracePeriodSeconds: Int64) {
        self.entry = entry
        self.node = node
        self.containers = containers
        self.gracePeriodSeconds = gracePeriodSeconds
    }

    func run() async {
        while isOver.current == nil, !Task.isCancelled {
            let due = entry.end(shorterThan: gracePeriodSeconds).map { node.clock.instant(of: $0) }
            if let due, due <= node.clock.now { return await kill() }
            await entry.shortened.wait(until: due ?? node.clock.now + Self.longWait, node.clock)
        }
    }

    /// The containers have ended.
    func stop() {
        isOver.set(())
        entry.shortened.wake()
    }

    /// What fails is reported by the stop that is under way.
    private func kill() async {
        await withTaskGroup(of: Void.self) { group in
            for id in containers { group.addTask { try? await self.node.runtime.stopContainer(id, timeout: .zero) } }
        }
    }
}
