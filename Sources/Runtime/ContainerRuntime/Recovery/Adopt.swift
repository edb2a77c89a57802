internal import CRI
internal import Cgroups
internal import LinuxSystem
internal import SupervisorAPI

extension NativeRuntime {
    /// Takes a sandbox over: from its supervisor when that lives, else from what it has written.
    ///
    /// - Returns: What was lost, a line each.
    func adopt(_ record: SandboxRecord, _ layout: SandboxLayout) throws -> [String] {
        let watch = SupervisorWatch()
        let connection = record.phase == .ready ? connect(record, layout, watch) : nil
        let sandbox = Sandbox(
            record: record, layout: layout, cgroup: try openCgroup(record), connection: connection,
            sharedMemoryPath: sharedMemoryPath(record.config, layout))
        let containers = try containers(of: sandbox)
        registry.add(sandbox)
        for container in containers {
            _ = sandbox.add(container, evenWhenStopped: true)
            registry.add(container)
        }
        if let connection, takeStock(of: sandbox, connection.client) {
            if watch.isGone { supervisorGone(sandbox.id) }
            return []
        }
        settleDead(sandbox)
        guard record.phase == .ready else { return [] }
        noteStopped(sandbox.record, layout)
        hub.send(.sandboxChanged(sandboxID: sandbox.id, podUID: sandbox.podUID))
        return ["supervisor of sandbox \(sandbox.id) (pod \(record.config.metadata.namespace)/\(record.config.metadata.name))"]
    }

    /// - Returns: nil when there is no supervisor any more.
    private func connect(_ record: SandboxRecord, _ layout: SandboxLayout, _ watch: SupervisorWatch) -> SandboxConnection? {
        do {
            let client = try SupervisorClient.connect(directory: layout.directory, events: listener(record.id, watch))
            let namespaces = try client.namespaces()
            let shared = try sharedInit(record, client)
            return SandboxConnection(client: client, namespaces: namespaces, initProcess: shared)
        } catch {
            configuration.report("adopt sandbox \(record.id): \(error)")
            return nil
        }
    }

    private func sharedInit(_ record: SandboxRecord, _ client: SupervisorClient) throws -> PinnedProcess? {
        guard record.config.linux.securityContext.namespaceOptions.pid == .pod else { return nil }
        let found = try client.list().first { $0.id == Self.initID }
        return try found.map { try PinnedProcess(pid: $0.pid, in: "\(record.cgroupPath)/\(Self.initCgroup(record.id))") }
    }

    /// The kubelet may have taken the pod's cgroup away already, when the sandbox is dead.
    private func openCgroup(_ record: SandboxRecord) throws -> CgroupHandle {
        if let cgroup = try? Cgroup(opening: record.cgroupPath) { return CgroupHandle(cgroup) }
        return try cgroupRoot.openPod(record.cgroupPath).cgroup
    }
}

// MARK: - Containers

extension NativeRuntime {
    private func containers(of sandbox: Sandbox) throws -> [Container] {
        try Files.namesIfAny(in: sandbox.layout.containers).filter { $0.hasSuffix(".json") }.compactMap { name in
            let path = "\(sandbox.layout.containers)/\(name)"
            do {
                guard let bytes = try StateFiles.read(path) else { return nil }
                let record = try StateDecoder().decode(record: ContainerRecord.self, from: bytes)
                guard name == "\(record.id).json" else { throw NotARecord(description: "is the record of container \(record.id)") }
                return Container(record: record, sandbox: sandbox, spec: spec(of: record, in: sandbox), lifecycle: lifecycle(of: record))
            } catch {
                setAside(path, as: "\(sandbox.id).container.\(name)", error, "its container is given up")
                return nil
            }
        }
    }

    /// As it was resolved when the container was made. What the machine has lost since does not matter to a container that runs already; one
    /// that is still to be started fails then, with the reason.
    private func spec(of record: ContainerRecord, in sandbox: Sandbox) -> ContainerSpec {
        do {
            var resolver = try resolver(record.config, sandbox, record.image.config, record.image.user, record.image.mounted)
            for mount in record.config.mounts where resolver.host.mountSources[.init(path: mount.hostPath, subPath: mount.subPath)] == nil {
                resolver.host.mountSources[.init(path: mount.hostPath, subPath: mount.subPath)] = true
            }
            return try resolver.resolve(record.config)
        } catch {
            configuration.report("container \(record.id) could not be made again as it is: \(error)")
            return ContainerSpec(process: ProcessSpec(arguments: record.config.command + [""], environment: []))
        }
    }

    private func lifecycle(of record: ContainerRecord) -> ContainerLifecycle {
        guard let failure = record.startFailure else { return ContainerLifecycle() }
        return ContainerLifecycle(.exited(.startFailed(at: failure.at, message: failure.message)))
    }

    /// What the supervisor says of each container. Events count already; what happened before is in the list.
    ///
    /// - Returns: False when it does not answer: then it is as good as dead, and is let go.
    private func takeStock(of sandbox: Sandbox, _ client: SupervisorClient) -> Bool {
        let processes: [SupervisedProcess]
        do {
            processes = try client.list()
        } catch {
            configuration.report("adopt sandbox \(sandbox.id): \(error)")
            _ = sandbox.takeConnection()
            return false
        }
        for process in processes {
            guard let container = sandbox.container(process.id) else { continue }
            if let exit = process.exit {
                ended(container, exit)
            } else {
                container.handle(.started(pid: process.pid, at: process.startedAtNanoseconds))
            }
        }
        for container in sandbox.containers where container.lifecycle == .created {
            if let exit = recordedExit(of: container) { ended(container, exit) }
        }
        return true
    }

    /// Containers of a sandbox without a supervisor: what is left of them is killed, and their end is what was written of it.
    private func settleDead(_ sandbox: Sandbox) {
        for container in sandbox.containers {
            try? container.kill()
            try? container.waitUntilEmpty(timeout: configuration.killTimeout)
            if let exit = recordedExit(of: container) {
                ended(container, exit)
            } else if case .created = container.lifecycle, Files.exists(sandbox.layout.startMarker(container.id)) {
                container.handle(.exited(.unknown(startedAt: 0, at: KernelClock.realtimeNanoseconds)))
            }
        }
        try? sandbox.cgroup.cgroup.destroyChild(Self.initCgroup(sandbox.id))
    }
}
