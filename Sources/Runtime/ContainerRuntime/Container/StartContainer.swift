package import CRI
internal import Cgroups
internal import LinuxSystem
internal import SupervisorAPI

extension NativeRuntime {
    package func startContainer(_ id: String) async throws(RuntimeError) {
        try await verb("start container \(name(id))") {
            defer { restock() }
            try await blocking { [self] in try start(try container(id)) }
        }
    }

    /// The container's name for messages, else its id.
    func name(_ id: String) -> String { registry.container(id)?.config.metadata.name ?? id }

    private func start(_ container: Container) throws {
        guard !container.isRemoving, container.handle(.start) == .changed else {
            throw RuntimeError(.failedPrecondition, "container \(container.id) is \(container.status.state), not created")
        }
        do {
            let started = try run(container)
            defer { if container.isDoomed { try? container.kill() } }
            guard container.handle(.started(pid: started.pid, at: started.startedAtNanoseconds)) == .changed else { return }
            hub.send(.started(containerID: container.id, sandboxID: container.sandbox.id, podUID: container.sandbox.podUID))
        } catch {
            fail(container, error)
            throw error
        }
    }

    private func run(_ container: Container) throws -> StartedProcess {
        let sandbox = container.sandbox
        guard sandbox.isReady, let connection = sandbox.connection else {
            throw RuntimeError(.failedPrecondition, "sandbox \(sandbox.id) is not ready")
        }
        let (cgroup, unenforced) = try makeCgroup(container)
        let prepared = try preparePlan(container)
        let descriptors = try PlanDescriptors(prepared.inputs, container, connection, cgroup: cgroup, registry)
        let request = try startRequest(container, prepared)
        // From here on only the supervisor knows whether the process ever ran.
        try StateFiles.create([], at: sandbox.layout.startMarker(container.id))
        do throws(SupervisorError) {
            let started = try connection.client.start(request, descriptors: descriptors.numbers)
            container.setUnenforced(unenforced.map(\.description) + adjustments(started, prepared.plan))
            return started
        } catch {
            throw SpawnTranslation.error(error, plan: prepared.plan, program: container.spec.process.arguments[0])
        }
    }

    /// The container is over before it began; the reason stays to be read.
    private func fail(_ container: Container, _ error: any Error) {
        let exit = ContainerExit.startFailed(at: KernelClock.realtimeNanoseconds, message: "\(error)")
        guard container.handle(.startFailed(exit)) == .changed else { return }
        var record = container.record
        record.startFailure = .init(message: exit.message, at: exit.finishedAt)
        do {
            try StateFiles.write(record, to: container.sandbox.layout.container(container.id))
        } catch {
            configuration.report("record that container \(container.id) failed to start: \(error)")
        }
        hub.send(.exited(containerID: container.id, sandboxID: container.sandbox.id, podUID: container.sandbox.podUID))
    }

    private func adjustments(_ started: StartedProcess, _ plan: ProcessPlan) -> [String] {
        started.adjusted.map { "\(plan.describe(op: Int($0.op))): \($0.errno), the nearest allowed value was taken" }
    }
}

// MARK: - Parts

extension NativeRuntime {
    private func makeCgroup(_ container: Container) throws -> (CgroupHandle, [UnenforcedResource]) {
        let cgroup = CgroupHandle(try container.sandbox.cgroup.cgroup.openOrCreateChild(container.id))
        let writes = try container.spec.resources.writes(isNew: true)
        let unenforced = try cgroup.cgroup.apply(writes)
        if let rules = container.spec.deviceRules { try confinement.attach(rules, to: cgroup.cgroup) }
        return (cgroup, unenforced.filter(\.wasAskedFor))
    }

    private func preparePlan(_ container: Container) throws -> PreparedPlan {
        let spec = container.spec
        var builder = ContainerPlanBuilder(spec: spec, root: container.image.root)
        builder.seccomp = try confinement.filter(spec.process.seccomp, spec.process.capabilities.bounding)
        builder.stdio = spec.process.hasTerminal ? .terminal(rows: 0, columns: 0) : .streams
        builder.detachedMounts = Set(spec.mounts.indices.filter { DetachedSources.isNeeded(spec.mounts[$0], spec.namespaces) })
        builder.hasLayerOptions = machine.hasLayerOptions
        builder.rootMountPoint = layout.rootMountPoint
        return builder.build()
    }

    private func startRequest(_ container: Container, _ prepared: PreparedPlan) throws -> StartRequest {
        var request = StartRequest(id: container.id, kind: .container, plan: try prepared.plan.encoded())
        request.stdio = try stdio(container)
        if container.spec.process.hasTerminal { request.terminal = .init(rows: 0, columns: 0) }
        request.stdin = container.config.stdin ? (container.config.stdinOnce ? .once : .open) : .none
        request.ioOwner = container.sandbox.hostID(of: container.spec.process.user.uid)
        request.cgroupDescriptor = prepared.inputs.firstIndex(of: .cgroup)
        return request
    }

    private func stdio(_ container: Container) throws -> StartRequest.Stdio {
        let path = container.logPath
        guard !path.isEmpty else { return .null }
        if let slash = path.lastIndex(of: "/") { try Files.makeDirectories(String(path[..<slash])) }
        return .log(path: path, maxSizeBytes: configuration.log.maxSizeBytes, maxFiles: configuration.log.maxFiles)
    }
}

extension UnenforcedResource {
    /// The least weight, the grouping of kills and no huge page are set for every container alike; nobody misses them where no limit
    /// can be set.
    fileprivate var wasAskedFor: Bool {
        !(file == "memory.oom.group" || file == "cpu.weight" && value == "1" || controller == .hugetlb && value == "0")
    }
}

extension Sandbox {
    /// The machine's number of a user of the pod.
    func hostID(of id: UInt32) -> UInt32 {
        guard let maps = config.linux.securityContext.namespaceOptions.user?.uids else { return id }
        let map = maps.first { $0.containerID <= id && id - $0.containerID < $0.length }
        return map.map { $0.hostID + (id - $0.containerID) } ?? id
    }
}
