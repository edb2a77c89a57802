internal import APIMachinery
internal import KubernetesAPI

/// What a pod uses of one resource, as metrics.k8s.io tells.
struct PodUsage: Hashable, Sendable {
    var milliValue: Int64
    var time: Timestamp
    var window: Duration
}

/// How many replicas a resource metric asks for: a pure decision, after upstream's replica calculator.
struct MetricReplicas: Sendable {
    /// Of cpu in a pod that has just begun nothing is concluded for so long.
    static let cpuInitialization = Duration.seconds(300)
    /// A pod that became unready so soon after its begin was never ready.
    static let initialReadinessDelay = Duration.seconds(30)

    enum Target: Hashable, Sendable {
        /// Percent of what pods request.
        case utilization(Int32)
        case averageValue(milliValue: Int64)
    }
    struct Result: Hashable, Sendable {
        var replicas: Int
        /// Percent, when the target is.
        var utilization: Int32?
        /// Thousandths of a unit for each pod.
        var averageMilliValue: Int64
    }
    struct Failure: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }

    var resource: String
    /// nil for the whole pod.
    var container: String?
    var target: Target
    var currentReplicas: Int
    /// A ratio so near to 1 changes nothing: for more replicas, for fewer.
    var tolerance: (up: Double, down: Double)
    var now: Timestamp

    func result(_ pods: [Pod], _ usages: [String: PodUsage]) throws(Failure) -> Result {
        guard !pods.isEmpty else { throw Failure("no pods returned by selector while calculating replica count") }
        let groups = grouped(pods, usages)
        var used = usages.filter { usage in groups.ready.contains { $0.metadata.name == usage.key } }.mapValues(\.milliValue)
        guard !used.isEmpty else { throw Failure("did not receive metrics for targeted pods (pods might be unready)") }
        let requests = try requests(pods)
        let (first, utilization, average) = try ratio(used, requests)
        let scalesUpWithUnready = !groups.unready.isEmpty && first > 1
        func finish(_ replicas: Int) -> Result { Result(replicas: replicas, utilization: utilization, averageMilliValue: average) }
        if !scalesUpWithUnready, groups.missing.isEmpty {
            return finish(isTolerable(first) ? currentReplicas : Int((first * Double(groups.ready.count)).rounded(.up)))
        }
        // What is not known speaks for keeping things as they are.
        for pod in groups.missing where first != 1 {
            used[pod.metadata.name ?? ""] = first < 1 ? full(requests[pod.metadata.name ?? ""] ?? 0) : 0
        }
        if scalesUpWithUnready { for pod in groups.unready { used[pod.metadata.name ?? ""] = 0 } }
        let second = try ratio(used, requests).ratio
        if isTolerable(second) || (first < 1 && second > 1) || (first > 1 && second < 1) { return finish(currentReplicas) }
        let replicas = Int((second * Double(used.count)).rounded(.up))
        if (second < 1 && replicas > currentReplicas) || (second > 1 && replicas < currentReplicas) { return finish(currentReplicas) }
        return finish(replicas)
    }

    private func isTolerable(_ ratio: Double) -> Bool { 1 - tolerance.down <= ratio && ratio <= 1 + tolerance.up }

    /// What a pod without metrics counts for when fewer replicas are in question.
    private func full(_ request: Int64) -> Int64 {
        switch target {
        case .utilization(let percent): request * Int64(max(100, percent)) / 100
        case .averageValue(let value): value
        }
    }

    private func ratio(
        _ used: [String: Int64], _ requests: [String: Int64]
    ) throws(Failure) -> (ratio: Double, utilization: Int32?, average: Int64) {
        let total = used.values.reduce(0, +)
        let average = total / Int64(used.count)
        switch target {
        case .averageValue(let value): return (Double(average) / Double(value), nil, average)
        case .utilization(let percent):
            let requested = used.keys.reduce(Int64(0)) { $0 + (requests[$1] ?? 0) }
            guard requested > 0 else { throw Failure("no metrics returned matched known pods") }
            let utilization = Int32(clamping: total * 100 / requested)
            return (Double(utilization) / Double(percent), utilization, average)
        }
    }

    /// - Returns: Thousandths by pod; empty when the target needs none.
    private func requests(_ pods: [Pod]) throws(Failure) -> [String: Int64] {
        guard case .utilization = target else { return [:] }
        var requests: [String: Int64] = [:]
        for pod in pods {
            let sidecars = pod.spec.initContainers.filter { $0.restartPolicy == "Always" }
            var sum: Int64 = 0
            for one in pod.spec.containers + sidecars where container == nil || container == one.name {
                guard let request = one.resources.requests[resource] else {
                    throw Failure("missing request for \(resource) in container \(one.name) of Pod \(pod.metadata.name ?? "")")
                }
                sum += request.milliValue
            }
            requests[pod.metadata.name ?? ""] = sum
        }
        return requests
    }

    private struct Groups {
        var ready: [Pod] = []
        var unready: [Pod] = []
        var missing: [Pod] = []
    }

    private func grouped(_ pods: [Pod], _ usages: [String: PodUsage]) -> Groups {
        var groups = Groups()
        for pod in pods where pod.metadata.deletionTimestamp == nil && pod.status.phase != "Failed" {
            if pod.status.phase == "Pending" {
                groups.unready.append(pod)
            } else if let usage = usages[pod.metadata.name ?? ""] {
                if resource == "cpu", isBeginning(pod, usage) { groups.unready.append(pod) } else { groups.ready.append(pod) }
            } else {
                groups.missing.append(pod)
            }
        }
        return groups
    }

    private func isBeginning(_ pod: Pod, _ usage: PodUsage) -> Bool {
        guard let ready = pod.status.conditions.first(where: { $0.type == "Ready" }), let start = pod.status.startTime else { return true }
        let changed = ready.lastTransitionTime ?? start
        if start + Self.cpuInitialization > now { return ready.status == "False" || usage.time < changed + usage.window }
        return ready.status == "False" && start + Self.initialReadinessDelay > changed
    }
}
