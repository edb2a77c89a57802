internal import CRI
internal import Cgroups
internal import LinuxSystem
internal import SupervisorAPI

extension NativeRuntime {
    /// Called on the supervisor clients' reader thread, or that of a call: reads at most one small file of cgroup2, waits for nothing.
    func handle(_ event: SupervisorEvent, sandboxID: String) {
        switch event {
        case .exited(let exit):
            guard let container = registry.container(String(decoding: exit.id, as: UTF8.self)) else { return }
            ended(container, exit)
        case .logError(let id, let errno, let droppedBytes):
            configuration.report(
                errno.rawValue == 0
                    ? "the log of container \(id) is written again: \(droppedBytes) bytes are lost"
                    : "write the log of container \(id): \(errno): \(droppedBytes) bytes are lost so far")
        case .recordError(let id, let errno):
            configuration.report(
                errno.rawValue == 0
                    ? "the end of container \(id) is on disk now"
                    : "write the end of container \(id) to disk: \(errno): it is known only as long as the pod's supervisor lives")
        case .gone:
            supervisorGone(sandboxID)
        }
    }

    func ended(_ container: Container, _ exit: ProcessExit) {
        let end = ContainerExit.ended(
            startedAt: exit.startedAtNanoseconds, finishedAt: exit.exitedAtNanoseconds, exitCode: exit.exitCode,
            signal: exit.signal, coreDumped: exit.coreDumped, isOutOfMemory: exit.exitCode == 137 && container.hasOutOfMemoryKill)
        guard container.handle(.exited(end)) == .changed else { return }
        hub.send(.exited(containerID: container.id, sandboxID: container.sandbox.id, podUID: container.sandbox.podUID))
    }

    /// Nobody holds the pod's namespaces any more and its processes are dying: the sandbox is over.
    func supervisorGone(_ sandboxID: String) {
        guard let sandbox = registry.sandbox(sandboxID), sandbox.markStopped() else { return }
        cleanup.add(for: sandboxID, "end sandbox \(sandboxID), whose supervisor is gone") { [self] in try abandon(sandbox) }
    }

    /// Each container's end is what its exit record says, else unknown; then the rest of the sandbox goes as if it were stopped.
    func abandon(_ sandbox: Sandbox) throws {
        let running = sandbox.containers.filter(\.mayRun)
        for container in running { try container.kill() }
        for container in running {
            // Told only when it is true: whoever restarts the container must not meet the old one.
            try container.waitUntilEmpty(timeout: configuration.killTimeout)
            lastWord(of: container)
        }
        try? sandbox.cgroup.cgroup.destroyChild(Self.initCgroup(sandbox.id))
        noteStopped(sandbox.record, sandbox.layout)
        _ = sandbox.takeConnection()
        unmapHostPorts(sandboxID: sandbox.id)
        tellDetached(sandbox)
        hub.send(.sandboxChanged(sandboxID: sandbox.id, podUID: sandbox.podUID))
        try network?.detach(sandboxID: sandbox.id)
    }

    func lastWord(of container: Container) {
        if let exit = recordedExit(of: container) { return ended(container, exit) }
        var startedAt: Int64 = 0
        if case .running(_, let at) = container.lifecycle { startedAt = at }
        guard container.handle(.exited(.unknown(startedAt: startedAt, at: KernelClock.realtimeNanoseconds))) == .changed else { return }
        hub.send(.exited(containerID: container.id, sandboxID: container.sandbox.id, podUID: container.sandbox.podUID))
    }
}

extension Container {
    /// The kernel has killed a process of it for want of memory. Its cgroup was new at its start, so any kill counts.
    fileprivate var hasOutOfMemoryKill: Bool {
        guard let events = try? sandbox.cgroup.cgroup.openChild(id).memoryEvents() else { return false }
        return events.oomKill > 0
    }
}
