internal import APIMachinery
package import CRI
import Synchronization

/// Removes images that no container uses when their file system gets full.
package final class ImageCollector: Sendable {
    private let images: any ImageService
    private let runtime: any RuntimeService
    private let policy: ImageGCPolicy
    private let clock: any TimeSource
    private let usage = Mutex(ImageUsage())
    private let events: NodeEvents

    init(
        _ images: any ImageService, _ runtime: any RuntimeService, _ policy: ImageGCPolicy, _ clock: any TimeSource,
        events: NodeEvents = NodeEvents()
    ) {
        self.events = events
        (self.images, self.runtime, self.policy, self.clock) = (images, runtime, policy, clock)
    }

    /// Looks every so often until the task is cancelled.
    func run() async {
        var hasFailed = false
        while !Task.isCancelled {
            do throws(RuntimeError) {
                try await collect()
                hasFailed = false
            } catch {
                // Once is no news: figures may not be there yet.
                if hasFailed { events.send(.warning, "ImageGCFailed", "\(error)") }
                hasFailed = true
            }
            try? await clock.sleep(for: policy.period)
        }
    }

    /// One look: removes what the policy asks for.
    ///
    /// - Returns: The bytes that were to be freed, and those that were.
    @discardableResult
    package func collect() async throws(RuntimeError) -> (wantedBytes: UInt64, freedBytes: UInt64) {
        let filesystem = try await images.imageFsInfo().first
        let wanted = filesystem.map { policy.bytesToFree(capacityBytes: $0.capacityBytes, availableBytes: $0.availableBytes) } ?? 0
        let freed = try await free(wanted)
        if let filesystem, freed < wanted {
            events.send(
                .warning, "FreeDiskSpaceFailed",
                ImageGCPolicy.shortage(
                    capacityBytes: filesystem.capacityBytes, availableBytes: filesystem.availableBytes, freedBytes: freed))
        }
        return (wanted, freed)
    }

    /// Removes every image that no container uses, whatever the thresholds say: for a node whose disk is under pressure.
    ///
    /// - Returns: The bytes freed.
    @discardableResult
    package func collectAll() async throws(RuntimeError) -> UInt64 { try await free(.max) }

    private func free(_ bytes: UInt64) async throws(RuntimeError) -> UInt64 {
        let all = try await images.listImages()
        let inUse = Set(try await runtime.listContainers(ContainerFilter()).flatMap { [$0.imageID, $0.imageRef, $0.image.image] })
        let now = clock.now
        let victims = usage.withLock { usage in
            usage.observe(all, inUse: Set(all.filter { Self.names($0).contains(where: inUse.contains) }.map(\.id)), now: now)
            return usage.victims(toFree: bytes, policy, now: now)
        }
        var freed: UInt64 = 0
        for id in victims {
            try await images.removeImage(ImageSpec(image: id))
            freed += usage.withLock { $0.size(id) }
        }
        return freed
    }

    private static func names(_ image: Image) -> [String] { [image.id] + image.repoTags + image.repoDigests }
}
