package import CRI
internal import LinuxSystem

extension NativeRuntime {
    package func stopPodSandbox(_ id: String) async throws(RuntimeError) {
        try await verb("stop sandbox \(id)") {
            guard let sandbox = registry.sandbox(id) else { return }
            try await stop(sandbox)
        }
    }

    /// Kills what runs, then lets go of supervisor, namespaces and address without waiting for the kernel to have freed them.
    func stop(_ sandbox: Sandbox) async throws {
        let wasReady = sandbox.markStopped()
        try await kill(sandbox.containers)
        guard wasReady || sandbox.connection != nil else { return }
        let record = sandbox.record
        try await blocking { [self] in
            noteStopped(record, sandbox.layout)
            release(sandbox)
        }
        restock()
    }

    private func release(_ sandbox: Sandbox) {
        unmapHostPorts(sandboxID: sandbox.id)
        tellDetached(sandbox)
        guard let connection = sandbox.takeConnection() else { return }
        cleanup.add(for: sandbox.id, "stop the supervisor of sandbox \(sandbox.id)") {
            do throws(SupervisorError) { try connection.client.shutdown(force: true) } catch  where error.meansEnded {}
        }
        cleanup.add(for: sandbox.id, "release the network of sandbox \(sandbox.id)") { [network] in
            try network?.detach(sandboxID: sandbox.id)
        }
    }
}
