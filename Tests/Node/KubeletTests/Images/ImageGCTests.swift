import CRI
import Testing

@testable import Kubelet

@Suite struct ImageGCTests {
    @Test(
        arguments: [(1_000, 500, 0), (1_000, 160, 0), (1_000, 150, 50), (1_000, 10, 190), (1_000, 0, 200), (0, 0, 0), (10, 20, 0)]
            as [(UInt64, UInt64, UInt64)])
    func `how much is to be freed`(capacity: UInt64, available: UInt64, expected: UInt64) {
        #expect(ImageGCPolicy().bytesToFree(capacityBytes: capacity, availableBytes: available) == expected)
    }

    private func image(_ id: String, size: UInt64 = 100, pinned: Bool = false) -> Image {
        var image = Image(id: id, size: size)
        image.pinned = pinned
        return image
    }

    /// Four images: `old` was used first, `recent` after it, `never` not at all, `busy` is in use now; `pinned` is not to be removed.
    private var usage: ImageUsage {
        var usage = ImageUsage()
        let images = [image("old"), image("recent"), image("never"), image("busy"), image("pinned", pinned: true)]
        usage.observe(images, inUse: ["old", "busy"], now: .seconds(0))
        usage.observe(images, inUse: ["recent", "busy"], now: .seconds(100))
        usage.observe(images, inUse: ["busy"], now: .seconds(200))
        return usage
    }

    @Test(
        arguments: [
            (0, []), (1, ["never"]), (100, ["never"]), (101, ["never", "old"]), (1_000, ["never", "old", "recent"]),
        ] as [(UInt64, [String])])
    func `those go first that were not used for longest`(bytes: UInt64, expected: [String]) {
        #expect(usage.victims(toFree: bytes, ImageGCPolicy(), now: .seconds(200)) == expected)
    }

    @Test func `a young image stays, one that nobody used for too long goes`() {
        var policy = ImageGCPolicy()
        policy.minimumAge = .seconds(300)
        #expect(usage.victims(toFree: 1_000, policy, now: .seconds(200)).isEmpty)
        policy.maximumAge = .seconds(150)
        #expect(usage.victims(toFree: 0, policy, now: .seconds(200)) == ["never", "old"])
    }

    @Test func `an image that is gone and comes back is new`() {
        var usage = usage
        usage.observe([], inUse: [], now: .seconds(300))
        usage.observe([image("never")], inUse: [], now: .seconds(400))
        #expect(usage.victims(toFree: 1, ImageGCPolicy(), now: .seconds(400)).isEmpty)
    }
}

struct ImageShortageTests {
    @Test(arguments: [
        (UInt64(100) << 30, UInt64(5) << 30, "95% of 100GiB used"), (25_277_000_000, 2_527_700_000, "90% of 23.54GiB used"),
        (1_000, 0, "100% of 1000B used"), (1536 << 20, 0, "100% of 1.5GiB used"),
    ]) func `what could not be freed is told in the kubelet's words`(capacity: UInt64, available: UInt64, expected: String) {
        #expect(
            ImageGCPolicy.shortage(capacityBytes: capacity, availableBytes: available, freedBytes: 7)
                == "Insufficient free disk space on the node's image filesystem (\(expected)). Failed to free sufficient space by deleting "
                + "unused images (freed 7 bytes). Consider resizing the disk or deleting unused files.")
    }
}
