package import CRI
internal import Cgroups
internal import ImageStore
internal import LinuxSystem

extension NativeRuntime {
    /// Finds again what an earlier instance has left: adopts the living, gives the dead their exit status, clears the rest away.
    ///
    /// - Parameter clearing: Whether no other process works on the same directories, so that what looks half-made is a crash's and goes.
    /// - Returns: What was removed or lost, a line each.
    @discardableResult
    package func recover(clearing: Bool = true) async throws(RuntimeError) -> [String] {
        try await verb("recover the sandboxes in \(layout.pods)") {
            var lines = try await blocking { [self] in
                for notice in try network?.prepare() ?? [] { configuration.report(notice) }
                return clearing ? try StateFiles.names(in: layout.removed).compactMap(finishRemoval) : []
            }
            for id in try await blocking({ [self] in try StateFiles.names(in: layout.pods).sorted() }) {
                lines += try await blocking { [self] in clearing ? try adoptOrClear(id) : try adoptFinished(id) }
            }
            if clearing { lines += try await blocking { [self] in try clearStrays() } }
            if let pool = configuration.network?.poolSize, pool > 0 {
                try await blocking { [network] in try network?.startPool(size: pool) }
            }
            refillSupervisors()
            return lines
        }
    }

    /// A sandbox whose removal an earlier instance had begun.
    private func finishRemoval(_ id: String) -> String? {
        let layout = self.layout.removedSandbox(id)
        do {
            if let record = try Self.record(layout) { try clear(record, layout) }
            shutDownSupervisor(layout)
            try unmountSharedMemory(layout)
            try StateFiles.removeTree(layout.directory)
            return "remains of sandbox \(id)"
        } catch {
            configuration.report("clear away sandbox \(id): \(error)")
            return nil
        }
    }

    private func adoptOrClear(_ id: String) throws -> [String] {
        let layout = self.layout.sandbox(id)
        do {
            if let record = try Self.record(layout) { return try adopt(record, layout) }
        } catch {
            configuration.report("\(layout.record) is damaged and its sandbox is given up: \(error)")
        }
        // Nobody was ever told of it, or nobody can tell what it was.
        shutDownSupervisor(layout)
        try unmountSharedMemory(layout)
        try StateFiles.removeTree(layout.directory)
        return ["half-made sandbox \(id)"]
    }

    /// One whose making is over; another process may be at work on the rest.
    private func adoptFinished(_ id: String) throws -> [String] {
        let layout = self.layout.sandbox(id)
        guard let record = try? Self.record(layout) else { return [] }
        return try adopt(record, layout)
    }

    static func record(_ layout: SandboxLayout) throws -> SandboxRecord? {
        try StateFiles.read(layout.record).map { try StateDecoder().decode(SandboxRecord.self, from: $0) }
    }

    func shutDownSupervisor(_ layout: SandboxLayout) {
        // None there, or none that answers: its processes die with it, or are found by their cgroups.
        try? SupervisorClient.connect(directory: layout.directory).shutdown(force: true)
    }

    /// The cgroups of a sandbox that nobody wants any more, but not those of a later sandbox of the same pod.
    private func clear(_ record: SandboxRecord, _ layout: SandboxLayout) throws {
        let names = try StateFiles.names(in: layout.containers).filter { $0.hasSuffix(".json") || $0.hasSuffix(".started") }
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
    private func clearStrays() throws -> [String] {
        let containers = Set(registry.containers.map(\.id))
        var lines: [String] = []
        for snapshot in try images.snapshots() where !containers.contains(ContainerRecord.container(ofSnapshot: snapshot.id)) {
            try images.removeSnapshot(id: snapshot.id)
            lines.append("snapshot \(snapshot.id)")
        }
        for sandbox in registry.sandboxes { lines += try clearStrayCgroups(sandbox, containers) }
        if let network {
            lines += try network.reconcile(existing: Set(registry.sandboxes.filter(\.isReady).map(\.id)))
        }
        return lines
    }

    /// Only what looks like a container of ours: 32 hexadecimal digits.
    private func clearStrayCgroups(_ sandbox: Sandbox, _ containers: Set<String>) throws -> [String] {
        try sandbox.cgroup.cgroup.children().filter { Identifier.isIdentifier($0) && !containers.contains($0) }.map { name in
            try sandbox.cgroup.cgroup.destroyChild(name)
            return "cgroup \(sandbox.cgroup.path)/\(name)"
        }
    }
}
