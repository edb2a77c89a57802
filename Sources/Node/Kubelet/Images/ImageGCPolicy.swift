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
