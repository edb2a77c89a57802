internal import APIMachinery
internal import KubernetesAPI

/// When what a Service's endpoints follow from has last changed: written beside them, so that the delay of a change can be measured
/// (upstream's TriggerTimeTracker).
struct TriggerTimes: Sendable {
    private struct Seen {
        var service: Timestamp?
        var pods: [String: Timestamp] = [:]
    }
    private var seen: [ObjectKeyText: Seen] = [:]
    typealias ObjectKeyText = String

    static let annotation = "endpoints.kubernetes.io/last-change-trigger-time"

    /// - Returns: The earliest change that has not been told before; nil when there is none.
    mutating func next(_ service: Service, _ pods: [Pod]) -> Timestamp? {
        let key = "\(service.metadata.namespace ?? "")/\(service.metadata.name ?? "")"
        let before = seen[key] ?? Seen()
        var now = Seen(service: service.metadata.creationTimestamp)
        var earliest: Timestamp?
        func consider(_ time: Timestamp, _ last: Timestamp?) {
            if last.map({ time > $0 }) ?? true { earliest = earliest.map { min($0, time) } ?? time }
        }
        for pod in pods {
            guard let time = pod.status.conditions.first(where: { $0.type == "Ready" })?.lastTransitionTime else { continue }
            let name = pod.metadata.name ?? ""
            consider(time, before.pods[name])
            now.pods[name] = time
        }
        if let created = now.service { consider(created, before.service) }
        seen[key] = now
        return earliest
    }

    mutating func forget(namespace: String, name: String) { seen["\(namespace)/\(name)"] = nil }
}
