package import CRI
internal import Cgroups
internal import LinuxSystem

/// What `tearDown` did and could not do.
package struct TearDownResult: Sendable {
    /// A line each.
    package var removed: [String] = []
    /// What is still there and why, a line each.
    package var left: [String] = []
}

extension NativeRuntime {
    /// Removes every sandbox of this instance and all that it has made in the kernel: `swiftlet down`. Call `recover` first.
    ///
    /// What cannot be removed stops nothing else. A sandbox with a process that does not die keeps its record, so that a later call finds it.
    package func tearDown() async throws(RuntimeError) -> TearDownResult {
        try await verb("tear down the container runtime in \(configuration.runDirectory)") {
            var result = TearDownResult()
            let all = registry.sandboxes.sorted { $0.id < $1.id }
            for sandbox in all { await remove(sandbox, &result) }
            let spares = supervisors.close()
            try await blocking { [self] in for spare in spares { end(spare) } }
            await cleanup.drain()
            let stuck = Set(registry.sandboxes.map(\.id))
            let cgroups = Set(all.filter { !stuck.contains($0.id) }.map(\.cgroup.path))
            return try await blocking { [self, result] in removeRest(cgroups, stuck, result) }
        }
    }

    private func remove(_ sandbox: Sandbox, _ result: inout TearDownResult) async {
        let lines = describe(sandbox)
        do {
            do {
                try await removePodSandbox(sandbox.id)
            } catch {
                let immortal = try await blocking { [self] in force(sandbox) }
                guard immortal.isEmpty else { return result.left += immortal }
                try await removePodSandbox(sandbox.id)
            }
            result.removed += lines
        } catch {
            result.left.append("sandbox \(sandbox.id) of pod \(Self.podName(sandbox)): \(error)")
        }
    }

    private func describe(_ sandbox: Sandbox) -> [String] {
        let pod = Self.podName(sandbox)
        return sandbox.containers.map { "container \($0.config.metadata.name) of pod \(pod)" } + ["sandbox \(sandbox.id) of pod \(pod)"]
    }

    private static func podName(_ sandbox: Sandbox) -> String { "\(sandbox.config.metadata.namespace)/\(sandbox.config.metadata.name)" }
}

// MARK: - Sandboxes that resist

extension NativeRuntime {
    /// How long processes may take to end that were killed for the second time.
    private static let lastWait = Duration.seconds(1)

    /// Takes from a sandbox what its containers cannot hold: the supervisor, whose end kills its children once more, ports and network.
    ///
    /// - Returns: The processes that live on, a line each.
    private func force(_ sandbox: Sandbox) -> [String] {
        var lines: [String] = []
        if let connection = sandbox.takeConnection() {
            lines += attempted("end the supervisor of sandbox \(sandbox.id)") {
                try cgroupRoot.endSupervisor(connection.client.hello.pid)
            }
        }
        unmapHostPorts(sandboxID: sandbox.id)
        lines += attempted("release the network of sandbox \(sandbox.id)") { try network?.detach(sandboxID: sandbox.id) }
        return lines + sandbox.containers.flatMap { end($0, of: sandbox) }
    }

    private func end(_ container: Container, of sandbox: Sandbox) -> [String] {
        guard container.mayRun else { return [] }
        try? container.kill()
        try? container.waitUntilEmpty(timeout: Self.lastWait)
        let path = "\(sandbox.cgroup.path)/\(container.id)"
        let living = Self.processes(below: path)
        guard living.isEmpty else {
            let name = "container \(container.config.metadata.name) of pod \(Self.podName(sandbox))"
            return living.map { "\(name): \($0) did not end after SIGKILL; it holds cgroup \(path)" }
        }
        lastWord(of: container)
        return []
    }

    /// `process 17 (sleep, state D)`, each.
    private static func processes(below path: String) -> [String] {
        guard let cgroup = try? Cgroup(opening: path) else { return [] }
        let own = ((try? cgroup.processes()) ?? []).map { pid in
            let text = (try? Files.readText("/proc/\(pid)/stat")) ?? ""
            let name = text.drop { $0 != "(" }.dropFirst().prefix { $0 != ")" }
            let state = text.drop { $0 != ")" }.dropFirst(2).prefix(1)
            return "process \(pid) (\(name), state \(state))"
        }
        return own + ((try? cgroup.children()) ?? []).flatMap { processes(below: "\(path)/\($0)") }
    }

    private func attempted(_ operation: String, _ body: () throws -> Void) -> [String] {
        do {
            try body()
            return []
        } catch { return ["\(operation): \(error)"] }
    }
}

// MARK: - What is left

extension NativeRuntime {
    private func removeRest(_ cgroups: Set<String>, _ stuck: Set<String>, _ before: TearDownResult) -> TearDownResult {
        var result = before
        func step(_ what: String, _ body: () throws -> [String]) {
            do { result.removed += try body() } catch { result.left.append("\(what): \(error)") }
        }
        step("the pod network") { try network?.tearDown() ?? [] }
        for path in cgroups.sorted() where Files.exists(path) {
            step("cgroup \(path)") {
                do { try cgroupRoot.destroy(path) } catch {
                    let living = Self.processes(below: path)
                    guard !living.isEmpty else { throw error }
                    throw SpecError("\(living.joined(separator: ", ")) did not end after SIGKILL")
                }
                return ["cgroup \(path)"]
            }
        }
        for top in [KubepodsLayout.top, Self.sandboxCgroups] { result.removed += removeEmpty("\(cgroupRoot.path)/\(top)") }
        step("cgroup \(cgroupRoot.supervisors)") {
            try cgroupRoot.removeSupervisors()
            return ["cgroup \(cgroupRoot.supervisors)"]
        }
        for directory in [layout.removed, layout.damaged, layout.rootMountPoint] { step(directory) { try removeTree(directory) } }
        step(layout.pods) { try removeSandboxDirectories(except: stuck) }
        return result
    }

    /// The levels above the pods' cgroups, as far as they are empty. The kernel refuses what somebody still uses.
    private func removeEmpty(_ path: String) -> [String] {
        let children = (try? Cgroup(opening: path).children()) ?? []
        let lines = children.sorted().flatMap { removeEmpty("\(path)/\($0)") }
        return lines + (StateFiles.removeEmptyDirectory(path) ? ["cgroup \(path)"] : [])
    }

    private func removeSandboxDirectories(except stuck: Set<String>) throws -> [String] {
        if stuck.isEmpty { return try removeTree(layout.pods) }
        for name in try Files.namesIfAny(in: layout.pods) where !stuck.contains(name) {
            try StateFiles.removeTree("\(layout.pods)/\(name)")
        }
        return []
    }

    /// - Returns: Nothing to tell: it is part of what was named already.
    private func removeTree(_ directory: String) throws -> [String] {
        try StateFiles.removeTree(directory)
        return []
    }
}
