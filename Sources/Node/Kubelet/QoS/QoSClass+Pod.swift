internal import APIMachinery
package import KubernetesAPI

extension QoSClass {
    private static let resources = ["cpu", "memory"]

    /// The class that requests and limits for CPU and memory put a pod in.
    package init(of pod: Pod) {
        let requirements =
            pod.spec.resources.map { [$0] } ?? (pod.spec.initContainers + pod.spec.containers).map(\.resources)
        let hasAny = requirements.contains { requirement in
            Self.resources.contains { requirement.requests.isPositive($0) || requirement.limits.isPositive($0) }
        }
        guard hasAny else {
            self = .bestEffort
            return
        }
        let isGuaranteed = requirements.allSatisfy { requirement in
            Self.resources.allSatisfy { name in
                guard let limit = requirement.limits[name], limit > .zero else { return false }
                return requirement.requests[name].map { $0 == limit } ?? true
            }
        }
        self = isGuaranteed ? .guaranteed : .burstable
    }
}

extension [String: Quantity] {
    func isPositive(_ name: String) -> Bool { self[name].map { $0 > .zero } ?? false }
}
