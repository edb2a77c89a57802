package import APIMachinery
package import KubernetesAPI

/// Requests and limits of a pod as a whole.
package enum PodResources {
    /// The most that the pod needs at any time: while its init containers run, one after the other, or afterwards.
    ///
    /// A sidecar counts in every step after its own start. Pod-level requests replace the sum where they are given.
    package static func requests(_ pod: Pod) -> [String: Quantity] { total(pod, \.requests) }
    package static func limits(_ pod: Pod) -> [String: Quantity] { total(pod, \.limits) }

    private static func total(_ pod: Pod, _ part: KeyPath<ResourceRequirements, [String: Quantity]>) -> [String: Quantity] {
        var sidecars: [String: Quantity] = [:]
        var initPeak: [String: Quantity] = [:]
        for container in pod.spec.initContainers {
            let own = container.resources[keyPath: part]
            if container.isSidecar { sidecars.add(own) }
            initPeak.raise(to: container.isSidecar ? sidecars : sidecars.adding(own))
        }
        var result = sidecars
        for container in pod.spec.containers { result.add(container.resources[keyPath: part]) }
        result.raise(to: initPeak)
        if let podLevel = pod.spec.resources?[keyPath: part] { result.merge(podLevel) { _, podLevel in podLevel } }
        if part == \.requests || !result.isEmpty { result.add(pod.spec.overhead.filter { part == \.requests || result[$0.key] != nil }) }
        return result
    }
}

extension [String: Quantity] {
    mutating func add(_ other: Self) { merge(other) { $0 + $1 } }
    func adding(_ other: Self) -> Self { merging(other) { $0 + $1 } }
    mutating func raise(to other: Self) { merge(other) { Swift.max($0, $1) } }
    func milliValue(_ name: String) -> Int64 { self[name]?.milliValue ?? 0 }
    func value(_ name: String) -> Int64 { self[name]?.value ?? 0 }
}
