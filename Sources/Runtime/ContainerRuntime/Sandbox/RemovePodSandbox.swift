package import CRI
internal import Cgroups
internal import LinuxSystem

extension NativeRuntime {
    package func removePodSandbox(_ id: String) async throws(RuntimeError) {
        try await verb("remove sandbox \(id)") {
            guard let sandbox = registry.sandbox(id) else { return }
            try await stop(sandbox)
            try await blocking { [self] in try remove(sandbox) }
        }
    }

    private func remove(_ sandbox: Sandbox) throws {
        guard sandbox.beginRemoval() else { return }
        for container in sandbox.containers { try remove(container) }
        let removed = layout.removedSandbox(sandbox.id)
        try StateFiles.move(sandbox.layout.directory, to: removed.directory)
        registry.remove(sandbox)
        cleanup.add(for: sandbox.id, "remove what is left of sandbox \(sandbox.id)") { [self] in
            try? sandbox.cgroup.cgroup.destroyChild(Self.initCgroup(sandbox.id))
            if sandbox.ownsCgroup { try cgroupRoot.destroy(sandbox.cgroup.path) }
            try unmountSharedMemory(removed)
            try StateFiles.removeTree(removed.directory)
        }
    }
}
