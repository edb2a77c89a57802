package import APIMachinery
package import KubernetesClient

/// How many of some pods may be missing (a PodDisruptionBudget's status).
package struct DisruptionBudget: Hashable, Sendable {
    package var key: ObjectKey
    package var selector: Selector
    package var disruptionsAllowed: Int64
    /// Names of pods that are counted as gone already.
    package var disruptedPods: Set<String>

    package init(key: ObjectKey, selector: Selector, disruptionsAllowed: Int64, disruptedPods: Set<String> = []) {
        self.key = key
        self.selector = selector
        self.disruptionsAllowed = disruptionsAllowed
        self.disruptedPods = disruptedPods
    }

    /// One with an empty selector guards nothing here, and a pod without labels is guarded by none.
    func guards(_ pod: PodInfo) -> Bool {
        key.namespace == pod.key.namespace && !selector.isEmpty && !pod.labels.isEmpty && selector.matches(pod.labels)
            && !disruptedPods.contains(pod.key.name)
    }

    /// Which pods could not go without breaking a budget, when they went in their order.
    static func violations(_ pods: [PodInfo], _ budgets: [DisruptionBudget]) -> [Bool] {
        var allowed = budgets.map(\.disruptionsAllowed)
        return pods.map { pod in
            var violates = false
            for index in budgets.indices where budgets[index].guards(pod) {
                allowed[index] -= 1
                if allowed[index] < 0 { violates = true }
            }
            return violates
        }
    }
}
