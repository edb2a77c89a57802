package import CRI
internal import Cgroups
internal import ImageStore
internal import LinuxSystem

extension NativeRuntime {
    /// Finds again what an earlier instance has left: adopts the living, gives the dead their exit status, clears the rest away.
    ///
    /// What cannot be read or cleared is reported and stops nothing else.
    ///
    /// - Parameters:
    ///   - clearing: Whether no other process works on the same directories, so that what looks half-made is a crash's and goes.
    ///   - willStart: Whether pods are to be started, so that the network and what is kept ready for them are made.
    /// - Returns: What was removed or lost, a line each.
    @discardableResult
    package func recover(clearing: Bool = true, willStart: Bool = true) async throws(RuntimeError) -> [String] {
        try await verb("recover the sandboxes in \(layout.pods)") {
            if willStart { try await blocking { [self] in try prepareNetwork() } }
            var lines: [String] = []
            for id in try await blocking({ [self] in try Files.namesIfAny(in: layout.pods) }) {
                lines += try await blocking { [self] in takeOver(id, clearing: clearing) }
            }
            if clearing { lines += try await blocking { [self] in try clearRest() } }
            if willStart {
                try await blocking { [self] in restoreHostPorts(replacing: clearing) }
                try await startPools()
            }
            return lines
        }
    }

    func prepareNetwork() throws {
        for notice in try network?.prepare() ?? [] { configuration.report(notice) }
    }

    private func startPools() async throws {
        if let pool = configuration.network?.poolSize, pool > 0 {
            try await blocking { [network] in try network?.startPool(size: pool) }
        }
        refillSupervisors()
    }

    /// A sandbox without a record is not there yet, or half-made; another process may be at work on it.
    private func takeOver(_ id: String, clearing: Bool) -> [String] {
        let layout = self.layout.sandbox(id)
        do {
            guard let record = try Self.record(layout) else { return [] }
            guard record.id == id else { throw NotARecord(description: "is the record of sandbox \(record.id)") }
            return try adopt(record, layout)
        } catch {
            guard clearing, Files.isDirectory(layout.directory) else { return [] }
            setAside(layout.record, as: "\(id).sandbox.json", error, "its sandbox is given up")
            return []
        }
    }

    static func record(_ layout: SandboxLayout) throws -> SandboxRecord? {
        try StateFiles.read(layout.record).map { try StateDecoder().decode(record: SandboxRecord.self, from: $0) }
    }

    func shutDownSupervisor(_ layout: SandboxLayout) {
        // None there, or none that answers: its processes die with it, or are found by their cgroups.
        try? SupervisorClient.connect(directory: layout.directory).shutdown(force: true)
    }
}

// MARK: - What a crash has left

extension NativeRuntime {
    /// Everything that belongs to no adopted sandbox. Supervisors first: one that is still starting writes into its directory.
    private func clearRest() throws -> [String] {
        let known = Set(registry.sandboxes.compactMap { $0.connection?.client.hello.pid })
        var lines = attempt("end the supervisors of no sandbox") {
            try cgroupRoot.endSupervisors(except: known).map { "supervisor \($0) of no sandbox" }
        }
        for name in try Files.namesIfAny(in: layout.removed) { lines += finishRemoval(name) }
        for name in try Files.namesIfAny(in: layout.pods) where registry.sandbox(name) == nil { lines += clearHalfMade(name) }
        return lines + clearStrays()
    }

    /// A sandbox whose removal an earlier instance had begun.
    private func finishRemoval(_ id: String) -> [String] {
        let layout = self.layout.removedSandbox(id)
        guard isSandboxDirectory(id, layout) else { return [] }
        return attempt("clear away removed sandbox \(id)") {
            // Without its record nobody knows its cgroups; they are empty, and go with the pod's.
            if let record = try? Self.record(layout) { try clear(record, layout) }
            shutDownSupervisor(layout)
            try unmountSharedMemory(layout)
            try StateFiles.removeTree(layout.directory)
            return ["remains of sandbox \(id)"]
        }
    }

    /// Nobody was ever told of it, or nobody can tell what it was.
    private func clearHalfMade(_ id: String) -> [String] {
        let layout = self.layout.sandbox(id)
        guard isSandboxDirectory(id, layout) else { return [] }
        return attempt("clear away half-made sandbox \(id)") {
            shutDownSupervisor(layout)
            try unmountSharedMemory(layout)
            try StateFiles.removeTree(layout.directory)
            return ["half-made sandbox \(id)"]
        }
    }

    private func isSandboxDirectory(_ name: String, _ layout: SandboxLayout) -> Bool {
        if Identifier.isIdentifier(name), Files.isDirectory(layout.directory) { return true }
        setAside(layout.directory, as: name, NotARecord(description: "is no sandbox's directory"), "nothing is known of it")
        return false
    }

    /// The cgroups of a sandbox that nobody wants any more, but not those of a later sandbox of the same pod.
    private func clear(_ record: SandboxRecord, _ layout: SandboxLayout) throws {
        let names = try Files.namesIfAny(in: layout.containers).filter { $0.hasSuffix(".json") || $0.hasSuffix(".started") }
        let containers = Set(names.map { String($0.prefix { $0 != "." }) })
        if let cgroup = try? Cgroup(opening: record.cgroupPath) {
            for id in containers { try cgroup.destroyChild(id) }
            try cgroup.destroyChild(Self.initCgroup(record.id))
        }
        if record.ownsCgroup { try cgroupRoot.destroy(record.cgroupPath) }
    }
}

// MARK: - Strays

extension NativeRuntime {
    /// Snapshots, cgroups, addresses and namespaces that belong to nothing any more.
    private func clearStrays() -> [String] {
        let containers = Set(registry.containers.map(\.id))
        var lines = attempt("list the snapshots") { try clearStraySnapshots(containers) }
        for sandbox in registry.sandboxes {
            lines += attempt("clear the cgroups of sandbox \(sandbox.id)") { try clearStrayCgroups(sandbox, containers) }
        }
        return lines
            + attempt("clear the pod network") {
                try network?.reconcile(existing: Set(registry.sandboxes.filter(\.isReady).map(\.id))) ?? []
            }
    }

    private func clearStraySnapshots(_ containers: Set<String>) throws -> [String] {
        try images.snapshots().filter { !containers.contains(ContainerRecord.container(ofSnapshot: $0.id)) }.flatMap { snapshot in
            attempt("remove snapshot \(snapshot.id)") {
                try images.removeSnapshot(id: snapshot.id)
                return ["snapshot \(snapshot.id)"]
            }
        }
    }

    /// Only what looks like a container of ours: 32 hexadecimal digits.
    private func clearStrayCgroups(_ sandbox: Sandbox, _ containers: Set<String>) throws -> [String] {
        try sandbox.cgroup.cgroup.children().filter { Identifier.isIdentifier($0) && !containers.contains($0) }.map { name in
            try sandbox.cgroup.cgroup.destroyChild(name)
            return "cgroup \(sandbox.cgroup.path)/\(name)"
        }
    }
}
