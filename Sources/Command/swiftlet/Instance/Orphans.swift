internal import CRI
internal import ContainerRuntime
internal import Kubelet

/// Pods whose `swiftlet run` was killed before it could clean up.
enum Orphans {
    static let runPrefix = "run-"

    static func runLabel(_ owner: PodOwner) -> String { runPrefix + owner.text }

    /// Ends the pods of dead runs, with all that belongs to them.
    static func clear(_ instance: borrowing Instance) async throws {
        let sandboxes = try await instance.runtime.listPodSandbox(PodSandboxFilter())
        let dead = Set(sandboxes.compactMap { $0.labels[PodSession.ownerLabel] }.filter(isDeadRun))
        for label in dead.sorted() {
            try await clear(label, instance.runtime, instance.kubeletConfiguration(ownerLabel: label), instance.cgroups)
        }
        for pod in try instance.records.all(report: Output.warn) where PodOwner(of: pod)?.isAlive != true {
            try instance.records.remove(uid: pod.uid)
        }
    }

    private static func isDeadRun(_ label: String) -> Bool {
        guard label.hasPrefix(runPrefix), let owner = PodOwner(String(label.dropFirst(runPrefix.count))) else { return false }
        return !owner.isAlive
    }

    /// A node agent that wants no pods ends all that bear its label.
    private static func clear(
        _ label: String, _ runtime: NativeRuntime, _ configuration: KubeletConfiguration, _ cgroups: NodeCgroups
    ) async throws {
        let kubelet = Kubelet(configuration: configuration, runtime: runtime, images: runtime, cgroups: cgroups, mounts: NodeMounts())
        kubelet.setPods([])
        var filter = PodSandboxFilter()
        filter.labels = [PodSession.ownerLabel: label]
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await kubelet.run() }
            let deadline = ContinuousClock.now + .seconds(60)
            while !(try await runtime.listPodSandbox(filter).isEmpty), ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(10))
            }
            group.cancelAll()
        }
    }
}
