internal import APIMachinery
internal import CRI
internal import KubernetesAPI

extension PodWorker {
    /// What the runtime has of the pod now.
    func observe() async throws(RuntimeError) -> PodRuntimeStatus {
        let (sandboxIDs, containerIDs) = entry.with { ($0.sandboxIDs, $0.containerIDs) }
        var sandboxes: [PodSandboxStatus] = []
        for id in sandboxIDs.sorted() {
            do {
                sandboxes.append(try await node.runtime.podSandboxStatus(id))
            } catch  where error.code == .notFound {
                entry.with { _ = $0.sandboxIDs.remove(id) }
            }
        }
        var containers: [RuntimeContainer] = []
        for id in containerIDs.sorted() {
            do {
                containers.append(try await node.runtime.containerStatus(id))
            } catch  where error.code == .notFound {
                entry.with { _ = $0.containerIDs.remove(id) }
            }
        }
        return PodRuntimeStatus(sandboxes: sandboxes, containers: containers)
    }

    /// Builds the status, shows it to the world, and returns it as it is, also with an end that is not shown yet.
    @discardableResult
    mutating func publish(_ runtime: PodRuntimeStatus, isOver: Bool = false) async -> PodStatus {
        await readMessages(runtime)
        await followProbes(runtime)
        let old = entry.status
        var builder = PodStatusBuilder(entry.pod, runtime, old: old, now: node.clock.wallTime)
        builder.failures = failures
        builder.messages = messages
        builder.probes = entry.probes.verdicts
        builder.resize = resize
        builder.givenResources = Self.given(resources, runtime)
        builder.verdict = verdict
        builder.isOver = isOver
        builder.hostIPs = node.configuration.hostIPs
        builder.unenforced = unenforced
        let status = builder.build()
        let shown = isOver ? PodStatusBuilder.final(entry.pod, status) : PodStatusBuilder.publishable(status, old: old, mayRun: true)
        node.table.publish(shown, of: entry)
        return isOver ? shown : status
    }

    /// Reads what ended containers have left for their readers, once for each.
    private mutating func readMessages(_ runtime: PodRuntimeStatus) async {
        let pod = entry.pod
        for container in runtime.containers where container.state == .exited && messages[container.id] == nil {
            let reader = TerminationMessage(container, pod, node.paths)
            entry.steps.ended(container)
            messages[container.id] = await node.blocking { reader.read() }
        }
        let present = Set(runtime.containers.map(\.id))
        messages = messages.filter { present.contains($0.key) }
    }
}
