internal import APIMachinery
internal import KubernetesAPI

/// Labels of a StatefulSet's pods, and how names and numbers belong together.
enum StatefulNames {
    static let podName = "statefulset.kubernetes.io/pod-name"
    static let podIndex = "apps.kubernetes.io/pod-index"
    static let revision = "controller-revision-hash"

    /// The number at the end of a pod's name, if the rest is the set's name.
    static func ordinal(of pod: String, in set: String) -> Int? {
        guard pod.hasPrefix("\(set)-") else { return nil }
        let digits = pod.dropFirst(set.count + 1)
        guard !digits.isEmpty, digits.allSatisfy({ ("0"..."9").contains($0) }) else { return nil }
        return Int32(digits).map { Int($0) }
    }
}

extension StatefulSet {
    var replicas: Int { Int(spec.replicas ?? 1) }
    var firstOrdinal: Int { Int(spec.ordinals?.start ?? 0) }
    var ordinals: Range<Int> { firstOrdinal..<firstOrdinal + replicas }
    var isOrdered: Bool { spec.podManagementPolicy != "Parallel" }
    var isRolling: Bool { spec.updateStrategy.type != "OnDelete" }
    var partition: Int { Int(spec.updateStrategy.rollingUpdate?.partition ?? 0) }
    /// How many pods may be lacking during an update, at least one.
    var maxUnavailable: Int {
        max(1, spec.updateStrategy.rollingUpdate?.maxUnavailable?.scaled(to: replicas, roundingUp: false) ?? 1)
    }
    func ordinal(of pod: Pod) -> Int? { StatefulNames.ordinal(of: pod.metadata.name ?? "", in: metadata.name ?? "") }
}

extension Pod {
    /// Told of by somebody: the API server gives every pod a phase.
    var isCreated: Bool { !(status.phase ?? "").isEmpty }
    var isRunningAndReady: Bool { status.phase == "Running" && isReady }
    var setRevision: String? { metadata.labels[StatefulNames.revision] }

    func isRunningAndAvailable(_ minReadySeconds: Int32, at now: Timestamp) -> Bool {
        status.phase == "Running" && isAvailable(minReadySeconds: minReadySeconds, at: now)
    }
}
