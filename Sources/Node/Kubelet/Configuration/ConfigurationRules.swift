internal import APIMachinery

/// What has to hold between the fields of a configuration. Pure.
enum ConfigurationRules {
    static func problems(_ configuration: KubeletConfiguration) -> [(FieldPath, String)] {
        var problems: [(FieldPath, String)] = []
        let eviction = configuration.eviction
        for signal in eviction.soft.keys.sorted() where eviction.softGracePeriods[signal] == nil {
            problems.append(
                (
                    FieldPath("evictionSoft"),
                    "\(signal.rawValue): a soft threshold needs its time: name it in evictionSoftGracePeriod"
                ))
        }
        let images = configuration.imageGC
        if images.lowThresholdPercent >= images.highThresholdPercent {
            problems.append(
                (
                    FieldPath("imageGCLowThresholdPercent"),
                    "Invalid value: \(images.lowThresholdPercent): must be less than imageGCHighThresholdPercent, which is "
                        + "\(images.highThresholdPercent)"
                ))
        }
        if images.maximumAge > .zero, images.maximumAge < images.minimumAge {
            problems.append(
                (
                    FieldPath("imageMaximumGCAge"),
                    "Invalid value: \"\(images.maximumAge.goText)\": must not be less than imageMinimumGCAge, which is "
                        + images.minimumAge.goText
                ))
        }
        if let parallel = configuration.maxParallelImagePulls, parallel > 1, configuration.serializeImagePulls {
            problems.append(
                (FieldPath("maxParallelImagePulls"), "Invalid value: \(parallel): must be 1 as long as serializeImagePulls is true"))
        }
        return problems
    }
}
