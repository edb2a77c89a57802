extension SimulatedRuntime {
    package func runPodSandbox(_ config: PodSandboxConfig) async throws(RuntimeError) -> String {
        let script = sandboxScript(config.metadata)
        await pause(script.duration)
        let name = config.metadata.name
        if let failure = script.failure {
            state.withLock { note("sandbox \(name)#\(config.metadata.attempt) fails", &$0) }
            throw RuntimeError(.failed, failure)
        }
        return state.withLock { state in
            let id = Self.newID("sandbox", &state)
            var status = PodSandboxStatus(
                id: id, metadata: config.metadata, state: .ready, createdAt: clock.wallNanoseconds)
            status.labels = config.labels
            status.annotations = config.annotations
            status.namespaceOptions = config.linux.securityContext.namespaceOptions
            if status.namespaceOptions.network != .node {
                state.lastAddress += 1
                status.network.ip = "10.0.\(state.lastAddress / 254).\(state.lastAddress % 254 + 1)"
            }
            state.sandboxes[id] = Sandbox(config: config, status: status)
            note("sandbox \(name)#\(config.metadata.attempt)", &state)
            return id
        }
    }

    package func stopPodSandbox(_ id: String) async throws(RuntimeError) {
        let running = state.withLock { state in
            state.containers.values.filter { $0.status.sandboxID == id && $0.status.state == .running }.map(\.status.id).sorted()
        }
        for container in running { end(container, code: 137, outOfMemory: false) }
        state.withLock { state in
            guard let sandbox = state.sandboxes[id], sandbox.status.state == .ready else { return }
            state.sandboxes[id]?.status.state = .notReady
            note("stop sandbox \(sandbox.config.metadata.name)#\(sandbox.config.metadata.attempt)", &state)
        }
    }

    package func removePodSandbox(_ id: String) async throws(RuntimeError) {
        try await stopPodSandbox(id)
        let containers = state.withLock { state in
            state.containers.values.filter { $0.status.sandboxID == id }.map(\.status.id).sorted()
        }
        for container in containers { try await removeContainer(container) }
        state.withLock { state in
            guard let sandbox = state.sandboxes.removeValue(forKey: id) else { return }
            note("remove sandbox \(sandbox.config.metadata.name)#\(sandbox.config.metadata.attempt)", &state)
        }
    }

    package func podSandboxStatus(_ id: String) async throws(RuntimeError) -> PodSandboxStatus {
        guard let status = state.withLock({ $0.sandboxes[id]?.status }) else {
            throw RuntimeError(.notFound, "sandbox \(id) not found")
        }
        return status
    }

    package func listPodSandbox(_ filter: PodSandboxFilter) async throws(RuntimeError) -> [PodSandboxStatus] {
        state.withLock { $0.sandboxes.values.map(\.status) }
            .filter { status in
                (filter.id == nil || filter.id == status.id) && (filter.state == nil || filter.state == status.state)
                    && status.labels.matches(filter.labels)
            }
            .sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
    }

    /// The sandbox breaks, as when its supervisor is killed: all its containers die with it.
    package func breakSandbox(_ id: String) {
        let sandbox = state.withLock { state -> Sandbox? in
            state.sandboxes[id]?.status.state = .notReady
            state.sandboxes[id]?.status.network = PodSandboxNetworkStatus()
            return state.sandboxes[id]
        }
        guard let sandbox else { return }
        let running = state.withLock { state in
            note("sandbox \(sandbox.config.metadata.name)#\(sandbox.config.metadata.attempt) breaks", &state)
            return state.containers.values.filter { $0.status.sandboxID == id && $0.status.state == .running }.map(\.status.id).sorted()
        }
        for container in running { end(container, code: 137, outOfMemory: false) }
        send(.sandboxChanged(sandboxID: id, podUID: sandbox.config.metadata.uid))
    }
}
