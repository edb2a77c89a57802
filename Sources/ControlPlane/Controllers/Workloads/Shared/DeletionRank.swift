internal import APIMachinery
internal import KubernetesAPI

/// Which pods go first when there are too many: those that are missed least. Upstream's `ActivePodsWithRanks`.
enum DeletionRank {
    static let costAnnotation = "controller.kubernetes.io/pod-deletion-cost"

    /// - Parameters:
    ///   - count: So many of the pods.
    ///   - related: All pods of the same application: one of many on a node goes first.
    static func victims(among pods: [Pod], count: Int, related: [Pod], at now: Timestamp) -> [Pod] {
        guard count < pods.count else { return pods }
        var podsOnNode: [String: Int] = [:]
        for pod in related where pod.isActive {
            if let node = pod.spec.nodeName { podsOnNode[node, default: 0] += 1 }
        }
        let ranked = pods.map { Candidate($0, siblings: $0.spec.nodeName.flatMap { podsOnNode[$0] } ?? 0, at: now) }
        return ranked.sorted { $0.goesBefore($1) }.prefix(count).map(\.pod)
    }

    private struct Candidate {
        let pod: Pod
        let isAssigned: Bool
        let phase: Int
        let isReady: Bool
        let cost: Int32
        let siblings: Int
        let readySince: Timestamp?
        let restarts: (regular: Int32, sidecar: Int32)
        let now: Timestamp

        init(_ pod: Pod, siblings: Int, at now: Timestamp) {
            self.pod = pod
            self.siblings = siblings
            self.now = now
            isAssigned = pod.spec.nodeName != nil
            phase =
                switch pod.status.phase {
                case "Running": 2
                case "Unknown": 1
                default: 0
                }
            isReady = pod.isReady
            cost = pod.metadata.annotations[costAnnotation].flatMap { DeletionRank.cost($0) } ?? 0
            readySince = pod.readySince
            restarts = pod.maxRestarts
        }

        func goesBefore(_ other: Candidate) -> Bool {
            if isAssigned != other.isAssigned { return !isAssigned }
            if phase != other.phase { return phase < other.phase }
            if isReady != other.isReady { return !isReady }
            if cost != other.cost { return cost < other.cost }
            if siblings != other.siblings { return siblings > other.siblings }
            if isReady, readySince != other.readySince { return isYounger(readySince, other.readySince, other) }
            if restarts.regular != other.restarts.regular { return restarts.regular > other.restarts.regular }
            if restarts.sidecar != other.restarts.sidecar { return restarts.sidecar > other.restarts.sidecar }
            let (created, otherCreated) = (pod.metadata.creationTimestamp, other.pod.metadata.creationTimestamp)
            if created != otherCreated { return isYounger(created, otherCreated, other) }
            return (pod.metadata.uid ?? "") < (other.pod.metadata.uid ?? "")
        }

        /// Ages are compared on a logarithmic scale, so that it is not always the newest pod that goes; alike ones by UID, as good as at random.
        private func isYounger(_ time: Timestamp?, _ otherTime: Timestamp?, _ other: Candidate) -> Bool {
            guard let time, let otherTime else { return time == nil && otherTime != nil }
            let (age, otherAge) = (DeletionRank.magnitude(now - time), DeletionRank.magnitude(now - otherTime))
            return age == otherAge ? (pod.metadata.uid ?? "") < (other.pod.metadata.uid ?? "") : age < otherAge
        }
    }

    /// The power of two below so many nanoseconds; -1 for none.
    static func magnitude(_ duration: Duration) -> Int {
        let nanoseconds = duration.components.seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !nanoseconds.overflow else { return 63 }
        let total = nanoseconds.partialValue + duration.components.attoseconds / 1_000_000_000
        return total > 0 ? Int.bitWidth - 1 - total.leadingZeroBitCount : -1
    }

    /// As upstream reads it: a decimal number without leading zeros or a plus sign; anything else counts as 0.
    static func cost(_ text: String) -> Int32? {
        let digits = text.hasPrefix("-") ? text.dropFirst() : Substring(text)
        guard !text.hasPrefix("+"), digits == "0" || digits.first != "0" else { return nil }
        return Int32(text)
    }
}

extension Pod {
    /// The most that one of its containers has been started again.
    fileprivate var maxRestarts: (regular: Int32, sidecar: Int32) {
        let sidecars = Set(spec.initContainers.filter { $0.restartPolicy == "Always" }.map(\.name))
        let regular = status.containerStatuses.map(\.restartCount).max() ?? 0
        let sidecar = status.initContainerStatuses.filter { sidecars.contains($0.name) }.map(\.restartCount).max() ?? 0
        return (regular, sidecar)
    }
}
