package import CRI
internal import ImageStore
internal import LinuxSystem

extension NativeRuntime {
    package func removeContainer(_ id: String) async throws(RuntimeError) {
        try await verb("remove container \(name(id))") {
            guard let container = registry.container(id) else { return }
            try await kill([container])
            try await blocking { [self] in try remove(container) }
        }
    }

    /// Takes an ended container out of sight at once; what it leaves on disk and in the kernel is cleared away behind the caller's back.
    func remove(_ container: Container) throws {
        guard container.beginRemoval() else { return }
        let record = container.sandbox.layout.container(container.id)
        // From here on a new daemon finds nothing but a snapshot and a cgroup that belong to no container.
        try Files.remove(record)
        registry.remove(container)
        layers.forget(container.id)
        container.sandbox.remove(container)
        hub.send(.removed(containerID: container.id, sandboxID: container.sandbox.id, podUID: container.sandbox.podUID))
        cleanup.add(for: container.sandbox.id, "remove what is left of container \(container.id)") { [self] in try clear(container) }
    }

    /// Every step is harmless when it has been done before.
    private func clear(_ container: Container) throws {
        try container.sandbox.cgroup.cgroup.destroyChild(container.id)
        try Files.remove(container.sandbox.layout.startMarker(container.id))
        try container.forgetProcess()
        for snapshot in ContainerRecord.snapshotIDs(container.id, container.config) { try images.removeSnapshot(id: snapshot) }
    }
}

extension Container {
    /// Lets the supervisor forget it, with its exit record.
    fileprivate func forgetProcess() throws(SupervisorError) {
        do {
            try sandbox.connection?.client.remove(id)
        } catch  where error.meansEnded { return }
    }
}
