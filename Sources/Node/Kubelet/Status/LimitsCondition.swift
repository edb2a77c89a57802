internal import APIMachinery
internal import CRI
package import KubernetesAPI

/// A condition of this program's own, on pods only that ask for what the machine cannot give: False, with all that is missing.
package enum LimitsCondition {
    package static let type = "swiftlet.dev/LimitsEnforced"
    private static let separator = "; "

    /// - Parameter podLines: Of the pod's own cgroup.
    static func conditions(
        _ pod: Pod, _ runtime: PodRuntimeStatus, podLines: [String], old: [PodCondition], now: Timestamp
    ) -> [PodCondition] {
        let containers = (pod.spec.initContainers + pod.spec.containers).flatMap { container in
            (runtime.latest(container.name)?.unenforced ?? []).map { "container \(container.name): \($0)" }
        }
        let lines = podLines + containers
        let before = old.first { $0.type == type }
        // What is known stays known: a runtime that was started again does not remember it of running containers.
        guard !lines.isEmpty else { return before.map { [$0] } ?? [] }
        return [
            PodCondition {
                $0.type = type
                $0.status = "False"
                $0.reason = PodEvent.notEnforced
                $0.message = lines.joined(separator: separator)
                $0.observedGeneration = pod.metadata.generation
                $0.lastTransitionTime = before?.lastTransitionTime ?? now.truncatedToSeconds
            }
        ]
    }

    /// What a pod's status says is missing, a line each.
    package static func lines(in status: PodStatus) -> [String] {
        guard let message = status.conditions.first(where: { $0.type == type })?.message else { return [] }
        var lines: [String] = []
        var rest = message[...]
        while let range = rest.firstRange(of: separator) {
            lines.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return lines + [String(rest)]
    }
}
