internal import CRI
internal import Cgroups
internal import ContainerRuntime
internal import Experiments
internal import FaultInjection
internal import Kubelet

/// An opened instance as experiments on real pods use it: the pods are started as `run` starts them.
enum ExperimentNode {
    static func make(_ instance: borrowing Instance) -> RealNode {
        let parts = instance.parts(ownerLabel: Orphans.runLabel(.own))
        let (runtime, hierarchy) = (instance.runtime, instance.cgroups.hierarchy)
        let podsDirectory = "\(instance.dataDirectory)/pods"
        return RealNode(
            runtime: runtime, images: runtime,
            makeAgent: { watchedRuntime, watchedImages, settings in
                var parts = parts
                parts.configuration.probeInterception = settings.interception
                parts.configuration.singleProcessOOMKill = settings.node.singleProcessOOMKill
                parts.configuration.maxContainerRestartPeriod = settings.node.maxContainerRestartPeriod
                let session = try PodSession(parts, runtime: watchedRuntime, images: watchedImages)
                return ExperimentAgent(session.kubelet) {
                    defer { session.stopHearing() }
                    try await session.run()
                }
            },
            processes: { runtime.processes(ofPod: $0) },
            emptyDirectory: { "\(podsDirectory)/\($0)/volumes/kubernetes.io~empty-dir/\($1)" },
            injector: FaultInjector(hierarchy: hierarchy, dataDirectory: instance.dataDirectory),
            ability: FaultAbility(cgroupRoot: instance.cgroups.root, dataDirectory: instance.dataDirectory),
            settle: { await runtime.drainCleanup() })
    }

    /// Does the work, and ends it in order when SIGINT or SIGTERM comes: what it had begun is taken back.
    static func whileUninterrupted<Answer: Sendable>(_ work: @escaping @Sendable () async throws -> Answer) async throws -> Answer {
        let interruption = try Interruption()
        let task = Task { try await work() }
        let watcher = Task {
            guard let number = await interruption.signal() else { return }
            Output.warn("swiftlet: signal \(number): ending the experiment")
            task.cancel()
        }
        defer { watcher.cancel() }
        return try await task.value
    }
}
