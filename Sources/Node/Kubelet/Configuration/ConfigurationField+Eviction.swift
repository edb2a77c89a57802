internal import APIMachinery
internal import KubernetesAPI

extension ConfigurationField {
    static let evictionFields: [ConfigurationField] = [
        thresholds("evictionHard", usual: EvictionSettings.usualHard, \.eviction.hard),
        thresholds("evictionSoft", usual: nil, \.eviction.soft),
        map("evictionSoftGracePeriod") { texts throws(ConfigurationProblem) in
            var periods: [EvictionSignal: Duration] = [:]
            for (name, text) in texts {
                guard let period = Duration(go: text), period >= .zero else { throw .invalid(text, "must be a duration such as 1m30s") }
                periods[try signal(name)] = period
            }
            let all = periods
            return { $0.eviction.softGracePeriods = all }
        } show: {
            $0.eviction.softGracePeriods.texts { $0.goText }
        },
        thresholds("evictionMinimumReclaim", usual: nil, \.eviction.minimumReclaim),
        flag("mergeDefaultEvictionSettings", \.eviction.mergesUsualHard, usual: false),
        duration("evictionPressureTransitionPeriod", \.eviction.pressureTransitionPeriod, usual: "5m0s"),
        number(
            "evictionMaxPodGracePeriod", 0...Int64(Int32.max), usual: 0, set: { $1.eviction.maxPodGracePeriodSeconds = $0 },
            get: { $0.eviction.maxPodGracePeriodSeconds }),
        .init("kernelMemcgNotification", .flag, usual: false, .needless),
        .init(
            "localStorageCapacityIsolation", .flag, usual: true,
            .only([true], "limits of local storage are always kept; leave it out, or write true")),
    ]

    private static func thresholds(
        _ name: String, usual: [EvictionSignal: EvictionAmount]?, _ path: Path<[EvictionSignal: EvictionAmount]>
    ) -> ConfigurationField {
        map(name, usual: usual.map { .object(JSONObject(members: $0.texts(\.text).map { .init(key: $0.key, value: .string($0.value)) })) })
        {
            texts throws(ConfigurationProblem) in
            var amounts: [EvictionSignal: EvictionAmount] = [:]
            for (name, text) in texts { amounts[try signal(name)] = try EvictionAmount.parse(text) }
            let all = amounts
            return { $0[keyPath: path] = all }
        } show: {
            $0[keyPath: path].texts(\.text)
        }
    }

    private static func signal(_ name: String) throws(ConfigurationProblem) -> EvictionSignal {
        if let signal = EvictionSignal(rawValue: name), EvictionSignal.settable.contains(signal) { return signal }
        throw .invalid(name, "the signals are " + EvictionSignal.settable.map(\.rawValue).joined(separator: ", "))
    }
}

extension [EvictionSignal: EvictionAmount] {
    fileprivate func texts(_ text: (EvictionAmount) -> String) -> [String: String] {
        Dictionary<String, String>(uniqueKeysWithValues: map { ($0.key.rawValue, text($0.value)) })
    }
}

extension [EvictionSignal: Duration] {
    fileprivate func texts(_ text: (Duration) -> String) -> [String: String] {
        Dictionary<String, String>(uniqueKeysWithValues: map { ($0.key.rawValue, text($0.value)) })
    }
}
