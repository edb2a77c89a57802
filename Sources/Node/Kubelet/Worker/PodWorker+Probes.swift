internal import CRI
internal import KubernetesAPI

extension PodWorker {
    /// Has the probes of running containers asked, and of no others.
    mutating func followProbes(_ runtime: PodRuntimeStatus) async {
        if !hasProbeVerdicts {
            hasProbeVerdicts = true
            if !runtime.containers.isEmpty {
                let keeper = entry.verdictKeeper(node)
                entry.probes.remember(await node.blocking { keeper.load() })
            }
        }
        let isEnding = entry.pod.isDeleted || lifecycle.state != .syncing
        entry.probes.update(runtime, ProbeContext(entry: entry, node: node, podIP: runtime.podIPs.first ?? ""), isEnding: isEnding)
    }

    /// A container that has just been started need not wait for those after it.
    func beginProbes(_ container: Container, _ id: String, podIP: String) async {
        guard ProbeKind.allCases.contains(where: { $0.probe(of: container) != nil }) else { return }
        guard entry.pod.isInitContainer(container.name) == container.isSidecar || !entry.pod.isInitContainer(container.name) else { return }
        guard let instance = try? await node.runtime.containerStatus(id), instance.state == .running else { return }
        entry.probes.begin(container, instance, ProbeContext(entry: entry, node: node, podIP: podIP))
    }
}
