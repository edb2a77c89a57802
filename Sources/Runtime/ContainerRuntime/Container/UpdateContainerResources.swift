package import CRI
internal import Cgroups
internal import LinuxSystem

extension NativeRuntime {
    /// All or error; a limit that this machine cannot set is an error here, for the caller wants it now.
    package func updateContainerResources(_ id: String, _ resources: LinuxContainerResources) async throws(RuntimeError) {
        try await verb("update the resources of container \(name(id))") {
            try await blocking { [self] in try update(try container(id), resources) }
        }
    }

    private func update(_ container: Container, _ resources: LinuxContainerResources) throws {
        let wanted = try CgroupResources(resources)
        if container.mayRun {
            let cgroup = try container.sandbox.cgroup.cgroup.openChild(container.id)
            let unenforced = try cgroup.apply(try wanted.writes(isNew: false))
            if let first = unenforced.first { throw RuntimeError(.failedPrecondition, "set \(first)") }
        }
        container.setResources(resources)
    }
}
