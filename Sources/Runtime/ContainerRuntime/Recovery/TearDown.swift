package import CRI
internal import Cgroups
internal import LinuxSystem

extension NativeRuntime {
    /// Removes every sandbox of this instance and all that it has made in the kernel: `swiftlet down`. Call `recover` first.
    ///
    /// - Returns: What was removed, a line each.
    package func tearDown() async throws(RuntimeError) -> [String] {
        try await verb("tear down the container runtime in \(configuration.runDirectory)") {
            var lines: [String] = []
            let cgroups = registry.sandboxes.map(\.cgroup.path)
            for sandbox in registry.sandboxes {
                lines += describe(sandbox)
                try await removePodSandbox(sandbox.id)
            }
            let spares = supervisors.close()
            try await blocking { [self] in for spare in spares { end(spare) } }
            await cleanup.drain()
            return lines
                + (try await blocking { [self] in
                    var lines = try network?.tearDown() ?? []
                    lines += try removeCgroups(cgroups)
                    for directory in [layout.pods, layout.removed, layout.damaged, layout.rootMountPoint] {
                        try StateFiles.removeTree(directory)
                    }
                    return lines
                })
        }
    }

    private func describe(_ sandbox: Sandbox) -> [String] {
        let pod = "\(sandbox.config.metadata.namespace)/\(sandbox.config.metadata.name)"
        return sandbox.containers.map { "container \($0.config.metadata.name) of pod \(pod)" } + ["sandbox \(sandbox.id) of pod \(pod)"]
    }

    /// The pods' cgroups, then what is empty of the levels that hold pods and supervisors. The kernel refuses what somebody still uses.
    private func removeCgroups(_ paths: [String]) throws -> [String] {
        var lines: [String] = []
        for path in Set(paths).sorted() where Files.exists(path) {
            try cgroupRoot.destroy(path)
            lines.append("cgroup \(path)")
        }
        for top in [KubepodsLayout.top, Self.sandboxCgroups] { lines += removeEmpty("\(cgroupRoot.path)/\(top)") }
        try cgroupRoot.removeSupervisors()
        return lines + ["cgroup \(cgroupRoot.supervisors)"]
    }

    private func removeEmpty(_ path: String) -> [String] {
        let children = (try? Cgroup(opening: path).children()) ?? []
        let lines = children.sorted().flatMap { removeEmpty("\(path)/\($0)") }
        return lines + (StateFiles.removeEmptyDirectory(path) ? ["cgroup \(path)"] : [])
    }
}
