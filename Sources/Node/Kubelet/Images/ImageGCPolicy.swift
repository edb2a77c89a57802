/// When unused images are removed: the kubelet's imageGCHighThresholdPercent and its like.
package struct ImageGCPolicy: Sendable, Hashable {
    /// Of the file system's bytes in use, in percent: from here on images are removed. 100: never.
    package var highThresholdPercent: UInt64 = 85
    /// So many are to be in use afterwards.
    package var lowThresholdPercent: UInt64 = 80
    /// An image younger than that is not removed: a container may be about to use it.
    package var minimumAge = Duration.seconds(120)
    /// One that nobody has used for so long goes in any case; zero: it stays.
    package var maximumAge = Duration.zero
    package var period = Duration.seconds(300)

    package init() {}

    /// In the kubelet's words, with sizes as Docker's `BytesSize` writes them.
    static func shortage(capacityBytes: UInt64, availableBytes: UInt64, freedBytes: UInt64) -> String {
        let usedPercent = capacityBytes == 0 ? 100 : 100 - availableBytes * 100 / capacityBytes
        return "Insufficient free disk space on the node's image filesystem (\(usedPercent)% of \(size(capacityBytes)) used). "
            + "Failed to free sufficient space by deleting unused images (freed \(freedBytes) bytes). "
            + "Consider resizing the disk or deleting unused files."
    }

    /// Four digits that count: `23.54GiB`, `512MiB`.
    private static func size(_ bytes: UInt64) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        var (value, index) = (Double(bytes), 0)
        while value >= 1024, index < units.count - 1 {
            value /= 1024
            index += 1
        }
        let factor = value >= 1000 ? 1.0 : value >= 100 ? 10 : value >= 10 ? 100 : 1000
        let rounded = (value * factor).rounded() / factor
        return (rounded == rounded.rounded() ? "\(Int64(rounded))" : "\(rounded)") + units[index]
    }

    /// How many bytes are to be freed; 0 below the threshold.
    func bytesToFree(capacityBytes: UInt64, availableBytes: UInt64) -> UInt64 {
        guard capacityBytes > 0, availableBytes <= capacityBytes else { return 0 }
        // Whole percents, as the kubelet counts them.
        let usedPercent = 100 - availableBytes * 100 / capacityBytes
        guard usedPercent >= highThresholdPercent, highThresholdPercent < 100 else { return 0 }
        let wanted = capacityBytes * (100 - min(100, lowThresholdPercent)) / 100
        return wanted > availableBytes ? wanted - availableBytes : 0
    }
}
