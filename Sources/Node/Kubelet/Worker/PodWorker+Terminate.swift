internal import APIMachinery
internal import CRI
internal import KubernetesAPI

extension PodWorker {
    /// Stops every container, all at once, and then the sandboxes.
    ///
    /// - Returns: Whether nothing runs any more.
    func killPod(_ runtime: PodRuntimeStatus, gracePeriodSeconds: Int64) async -> Bool {
        let pod = entry.pod
        let stop = ContainerStop(pod: pod, node: node, gracePeriodSeconds: gracePeriodSeconds)
        let order = TerminationOrder(pod, running: Set(runtime.running.map(\.metadata.name)))
        let podIP = runtime.podIPs.first ?? ""
        var errors = await withTaskGroup(of: RuntimeError?.self) { group in
            for running in runtime.running {
                let name = running.metadata.name
                let container = pod.container(named: name) ?? Container { $0.name = name }
                group.addTask { await stop.run(container, id: running.id, podIP: podIP, order: order) }
            }
            return await group.reduce(into: []) { $0 += $1.map { [$0] } ?? [] }
        }
        for sandbox in runtime.sandboxes {
            do throws(RuntimeError) {
                try await node.runtime.stopPodSandbox(sandbox.id)
            } catch {
                errors.append(error)
            }
        }
        guard let error = errors.first else { return true }
        send(.warning, "FailedKillPod", "error killing pod: \(error)")
        return false
    }

    func kill(_ kills: [PodActions.Kill]) async {
        let pod = entry.pod
        let podIP = entry.status.podIP ?? ""
        for kill in kills {
            let stop = ContainerStop(
                pod: pod, node: node, gracePeriodSeconds: kill.gracePeriodSeconds ?? pod.terminationGracePeriodSeconds)
            guard let container = pod.container(named: kill.name) else { continue }
            await stop.run(container, id: kill.containerID, podIP: podIP, message: kill.message, order: nil)
        }
    }

    mutating func terminate(_ gracePeriodSeconds: Int64) async {
        if let end = entry.pod.metadata.deletionTimestamp {
            let now = node.clock.wallTime
            entry.steps.addWait(PodStep(.deletion, begin: now, end: max(now, end), detail: "grace \(gracePeriodSeconds) s"))
        }
        do {
            let runtime = try await observe()
            await publish(runtime)
            let early = EarlyEnd(entry, node, runtime.running.map(\.id), gracePeriodSeconds: gracePeriodSeconds)
            node.background.start { await early.run() }
            defer { early.stop() }
            guard await killPod(runtime, gracePeriodSeconds: gracePeriodSeconds) else { return look(after: errorPeriod) }
            let after = try await observe()
            guard !after.mayRun else { return look(after: .seconds(1)) }
            guard lifecycle.handle(.containersGone) == .publishTerminalStatus else { return }
            entry.probes.close()
            await publish(after, isOver: true)
        } catch {
            send(.warning, "FailedSync", "error determining status: \(error)")
            return look(after: errorPeriod)
        }
        await tearDown()
        entry.over.set(entry.status)
        entry.with { $0.isTornDown = true }
        node.table.tellObservers(entry)
        if entry.deletion != nil { look(after: .zero) }
    }

    /// What the pod had around its containers. What fails here fails again, and is reported, when the pod is removed.
    private mutating func tearDown() async {
        entry.with { $0.isAdmitted = false }
        node.objects.unregister(entry.uid)
        let uid = entry.uid
        let node = node
        do {
            try await node.blocking { try await node.volumes.tearDown(uid) }
            try await node.blocking { try node.userNamespaces.release(uid) }
            try await node.cgroups.remove(PodCgroup(entry.pod, node.configuration))
        } catch {
            send(.warning, "FailedCleanUp", "error cleaning up pod: \(error)")
        }
        await node.updateClassShares()
    }

    /// Removes all records and files of the pod.
    mutating func remove() async {
        let uid = entry.uid
        let node = node
        let directories = PodDirectories(entry.pod, node.paths)
        do {
            let runtime = try await observe()
            for sandbox in runtime.sandboxes { try await node.runtime.removePodSandbox(sandbox.id) }
            for container in runtime.containers { try await node.runtime.removeContainer(container.id) }
            try await node.blocking {
                try await node.volumes.tearDown(uid)
                try directories.remove(withLogs: node.configuration.removesLogs)
            }
            try await node.cgroups.remove(PodCgroup(entry.pod, node.configuration))
        } catch {
            send(.warning, "FailedCleanUp", "error cleaning up pod: \(error)")
            return look(after: errorPeriod)
        }
        node.objects.unregister(uid)
        _ = lifecycle.handle(.removed)
        node.table.remove(uid)
        entry.removed.set(())
    }
}
