internal import APIMachinery
internal import CRI
internal import KubernetesAPI

extension PodWorker {
    /// Does what was decided, in order. What fails is tried again by a later look.
    mutating func perform(_ actions: PodActions, _ runtime: PodRuntimeStatus) async {
        var runtime = runtime
        if actions.killPod {
            if actions.createSandbox, !runtime.sandboxes.isEmpty {
                send(.normal, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.")
            }
            guard await killPod(runtime, gracePeriodSeconds: entry.pod.terminationGracePeriodSeconds) else {
                return look(after: errorPeriod)
            }
            guard actions.createSandbox else { return look(after: .zero) }
            runtime = await purgeInitContainers(runtime)
        } else {
            await kill(actions.containersToKill)
        }
        guard !entry.interrupt.hasFired, let sandbox = await sandbox(for: actions, runtime) else { return }
        await start(actions, in: sandbox, runtime)
    }

    private mutating func sandbox(for actions: PodActions, _ runtime: PodRuntimeStatus) async -> PodSandboxStatus? {
        if !actions.createSandbox { return runtime.sandboxes.first { $0.id == actions.sandboxID } }
        let step = note(.sandbox, attempt: actions.sandboxAttempt)
        do {
            let (config, warnings) = try configBuilder.sandbox(attempt: actions.sandboxAttempt)
            for warning in warnings { send(.warning, warning.reason, warning.message) }
            let id = try await node.runtime.runPodSandbox(config)
            entry.add(sandboxIDs: [id], containerIDs: [])
            let status = try await node.runtime.podSandboxStatus(id)
            close(step, detail: status.network.ip)
            await showSandbox(status, runtime)
            return status
        } catch {
            close(step, failure: "\(error)")
            send(.warning, "FailedCreatePodSandBox", "Failed to create pod sandbox: \(error)")
            look(after: errorPeriod)
            return nil
        }
    }

    /// Publishes that the pod has its sandbox before its first container, which may take long to come.
    private mutating func showSandbox(_ sandbox: PodSandboxStatus, _ runtime: PodRuntimeStatus) async {
        await publish(PodRuntimeStatus(sandboxes: [sandbox] + runtime.sandboxes, containers: runtime.containers))
    }

    private mutating func start(_ actions: PodActions, in sandbox: PodSandboxStatus, _ runtime: PodRuntimeStatus) async {
        let pod = entry.pod
        for index in actions.ephemeralContainersToStart where !entry.interrupt.hasFired {
            _ = await startUnlessBackingOff(Container(pod.spec.ephemeralContainers[index]), in: sandbox, runtime)
        }
        for index in actions.initContainersToStart {
            let container = pod.spec.initContainers[index]
            let isStarted = await startUnlessBackingOff(container, in: sandbox, runtime)
            // What fails of a sidecar does not hold up the others; a plain one is waited for.
            if entry.interrupt.hasFired || (!isStarted && !container.isSidecar) { return }
        }
        for index in actions.containersToStart {
            if entry.interrupt.hasFired || Task.isCancelled { return }
            _ = await startUnlessBackingOff(pod.spec.containers[index], in: sandbox, runtime)
        }
    }

    /// Of an earlier sandbox: the pod begins again with its first init container.
    private func purgeInitContainers(_ runtime: PodRuntimeStatus) async -> PodRuntimeStatus {
        let names = Set(entry.pod.spec.initContainers.map(\.name))
        var runtime = runtime
        for container in runtime.containers where names.contains(container.metadata.name) {
            // What stays is removed by a later look.
            try? await node.runtime.removeContainer(container.id)
        }
        runtime.containers.removeAll { names.contains($0.metadata.name) }
        return runtime
    }

    /// Keeps two instances of each container: the newest, and the one before for `--previous`.
    func prune(_ runtime: PodRuntimeStatus) async {
        var seen: [String: Int] = [:]
        let directories = PodDirectories(entry.pod, node.paths)
        let removesLogs = node.configuration.removesLogs
        for container in runtime.containers {
            let name = container.metadata.name
            seen[name, default: 0] += 1
            guard seen[name, default: 0] > 2, container.state == .exited || container.state == .created else { continue }
            guard (try? await node.runtime.removeContainer(container.id)) != nil else { continue }
            let attempt = container.metadata.attempt
            if removesLogs { await node.blocking { try? directories.removeInstance(name, attempt: attempt) } }
        }
        for sandbox in runtime.sandboxes.dropFirst() where !runtime.containers.contains(where: { $0.sandboxID == sandbox.id }) {
            try? await node.runtime.removePodSandbox(sandbox.id)
        }
    }

    var configBuilder: ConfigBuilder { ConfigBuilder(entry.pod, node.configuration, userNamespace: userNamespace) }
}
