package import CRI
internal import LinuxSystem

// For processes beside the one whose pods these are.
extension NativeRuntime {
    /// Makes ready to start pods beside another process that has cleared up before.
    package func prepare() async throws(RuntimeError) {
        try await verb("prepare the network") {
            try await blocking { [self] in try prepareNetwork() }
        }
    }

    /// Takes over the one sandbox that a container is in: enough to run commands in it.
    ///
    /// - Throws: `notFound` when no sandbox has such a container.
    package func adoptSandbox(ofContainer id: String) async throws(RuntimeError) {
        try await verb("find container \(id)") {
            try await blocking { [self] in
                for sandbox in try Files.namesIfAny(in: layout.pods) {
                    let layout = self.layout.sandbox(sandbox)
                    guard Files.exists(layout.container(id)), let record = try Self.record(layout) else { continue }
                    _ = try adopt(record, layout)
                    return
                }
                throw RuntimeError(.notFound, "no container \(id)")
            }
        }
    }

    /// Names and process ids of a pod's running containers.
    package func processes(ofPod uid: String) -> [(name: String, pid: Int32)] {
        registry.sandboxes.filter { $0.podUID == uid }.flatMap(\.containers).compactMap { container in
            guard case .running(let pid, _) = container.lifecycle else { return nil }
            return (container.config.metadata.name, pid)
        }
    }
}
