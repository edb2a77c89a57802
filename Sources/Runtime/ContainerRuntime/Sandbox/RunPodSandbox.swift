package import CRI
internal import Cgroups
internal import LinuxSystem
internal import PodNetwork
internal import Synchronization

extension NativeRuntime {
    package func runPodSandbox(_ config: PodSandboxConfig) async throws(RuntimeError) -> String {
        try await verb("run sandbox of pod \(config.metadata.namespace)/\(config.metadata.name)") {
            try SandboxValidation.check(config)
            let spare = takeSpare()
            let id = spare?.id ?? Identifier.make()
            do {
                try await makeSandbox(id, config, spare)
            } catch {
                try? await blocking { [self] in clearAway(id) }
                restock()
                throw error
            }
            do {
                try await tellAttached(id)
            } catch {
                try? await removePodSandbox(id)
                throw error
            }
            return id
        }
    }

    /// Network and supervisor do not need each other: without a pool each takes a millisecond or two.
    private func makeSandbox(_ id: String, _ config: PodSandboxConfig, _ spare: SpareSupervisor?) async throws {
        guard let spare else {
            let options = config.linux.securityContext.namespaceOptions
            async let attached = captured { try await self.blocking { try self.attachEarly(id, options) } }
            async let launched = captured { try await self.blocking { try self.launchSupervisor(id) } }
            let (network, supervisor) = (await attached, await launched)
            let (ready, attachment) = (try supervisor.get(), try network.get())
            try await blocking { [self] in try assemble(config, ready, network: attachment) }
            return
        }
        try await blocking { [self] in
            let network = try attachEarly(id, config.linux.securityContext.namespaceOptions)
            try assemble(config, spare, network: network)
        }
    }

    /// What a sandbox that did not come about has left.
    private func clearAway(_ id: String) {
        let layout = self.layout.sandbox(id)
        shutDownSupervisor(layout)
        unmapHostPorts(sandboxID: id)
        _ = try? network?.detach(sandboxID: id)
        _ = try? unmountSharedMemory(layout)
        try? StateFiles.removeTree(layout.directory)
    }
}

// MARK: - Steps

extension NativeRuntime {
    /// The pool's namespaces belong to the machine's user namespace: a pod with its own gets its network later.
    private func attachEarly(_ id: String, _ options: NamespaceOption) throws -> HeldNamespace? {
        guard options.network != .node, options.user == nil, let network else { return nil }
        return try network.hold(sandboxID: id)
    }

    func launchSupervisor(_ id: String) throws -> SpareSupervisor {
        let layout = self.layout.sandbox(id)
        let watch = SupervisorWatch()
        try StateFiles.makeDirectory(layout.directory)
        try StateFiles.makeDirectory(layout.containers)
        var options = SupervisorClient.LaunchOptions()
        options.oomScoreAdjust = Self.supervisorOOMScore
        options.cgroup = cgroupRoot.supervisors
        let client = try SupervisorClient.launch(
            executable: supervisorProgram, directory: layout.directory, options: options, events: listener(id, watch))
        return SpareSupervisor(
            id: id, layout: layout, watch: watch, client: client, sharedMemory: try makeSharedMemory(layout))
    }

    /// That of the upstream sandbox process (kubelet, qos policy).
    static let supervisorOOMScore: Int32 = -998

    /// Where a supervisor's events go. Called on the clients' reader thread: nothing may block there.
    func listener(_ id: String, _ watch: SupervisorWatch) -> @Sendable (SupervisorEvent) -> Void {
        { [weak self] event in
            if case .gone = event { watch.isGone = true }
            self?.handle(event, sandboxID: id)
        }
    }

    private func assemble(_ config: PodSandboxConfig, _ spare: SpareSupervisor, network early: HeldNamespace?) throws {
        let (id, layout, client) = (spare.id, spare.layout, spare.client)
        let (namespaces, late) = try makeNamespaces(config, spare, early)
        try writePodFiles(config, layout)
        let (cgroup, isNew) = try cgroupRoot.openPod(Self.cgroupParent(config, id))
        var record = SandboxRecord(id: id, config: config, createdAt: KernelClock.realtimeNanoseconds, cgroupPath: cgroup.path)
        record.addresses = (early?.attachment ?? late)?.addresses.map { "\($0.address)" } ?? []
        record.ownsCgroup = isNew
        try mapHostPorts(record)
        let initProcess =
            config.linux.securityContext.namespaceOptions.pid == .pod
            ? try startInit(id, cgroup, client, namespaces) : nil
        let connection = SandboxConnection(client: client, namespaces: namespaces, initProcess: initProcess)
        let sandbox = Sandbox(
            record: record, layout: layout, cgroup: cgroup, connection: connection,
            sharedMemoryPath: sharedMemoryPath(config, layout))
        // The last thing made: from here on a new daemon takes the sandbox for one that was told of.
        try StateFiles.write(record, to: layout.record)
        registry.add(sandbox)
        // A supervisor that ended before the sandbox could be found by its event.
        if spare.watch.isGone { supervisorGone(id) }
    }

    /// Below it are the sandboxes for which nobody says where their cgroup shall be.
    static let sandboxCgroups = "sandboxes"

    static func cgroupParent(_ config: PodSandboxConfig, _ id: String) -> String {
        config.linux.cgroupParent.isEmpty ? "\(sandboxCgroups)/\(id)" : config.linux.cgroupParent
    }

    private func writePodFiles(_ config: PodSandboxConfig, _ layout: SandboxLayout) throws {
        try StateFiles.create(Array((config.hostname + "\n").utf8), at: layout.hostname, mode: 0o644)
        if let dns = config.dns { try StateFiles.create(Array(dns.resolvConf.utf8), at: layout.resolvConf, mode: 0o644) }
    }
}

/// Whether a supervisor has ended: it may do so before its sandbox is known.
final class SupervisorWatch: Sendable {
    private let state = Mutex(false)
    var isGone: Bool {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}

/// For work that runs beside other work: the error waits until both are over.
private func captured<Value: Sendable>(_ body: @Sendable () async throws -> Value) async -> Result<Value, any Error> {
    do { return .success(try await body()) } catch { return .failure(error) }
}
