extension SimulatedRuntime {
    package func createContainer(
        sandbox id: String, _ config: ContainerConfig, _ sandboxConfig: PodSandboxConfig
    ) async throws(RuntimeError) -> String {
        let script = containerScript(sandboxConfig.metadata, config.metadata)
        await pause(script.createDuration)
        if let failure = script.createFailure { throw RuntimeError(.failed, failure) }
        return try state.withLock { state throws(RuntimeError) -> String in
            guard let sandbox = state.sandboxes[id], sandbox.status.state == .ready else {
                throw RuntimeError(.failedPrecondition, "create container \(config.metadata.name): sandbox \(id) is not ready")
            }
            let container = Self.newID("container", &state)
            var status = ContainerStatus(
                id: container, sandboxID: id, metadata: config.metadata, state: .created, createdAt: clock.wallNanoseconds,
                image: config.image)
            status.labels = config.labels
            status.annotations = config.annotations
            status.mounts = config.mounts
            status.resources = config.resources
            status.imageRef = config.image.image
            status.logPath = sandboxConfig.logDirectory + "/" + config.logPath
            let name = "\(sandbox.config.metadata.name)/\(config.metadata.name)#\(config.metadata.attempt)"
            state.containers[container] = SimulatedContainer(config: config, status: status, script: script, name: name)
            return container
        }
    }

    package func startContainer(_ id: String) async throws(RuntimeError) {
        let container = try find(id)
        guard container.status.state == .created else {
            throw RuntimeError(.failedPrecondition, "start container \(id): it is \(container.status.state.rawValue)")
        }
        await pause(container.script.startDuration)
        if let failure = container.script.startFailure {
            state.withLock { state in
                state.containers[id]?.status.state = .exited
                state.containers[id]?.status.exitCode = 128
                state.containers[id]?.status.reason = "StartError"
                state.containers[id]?.status.message = failure
                state.containers[id]?.status.finishedAt = clock.wallNanoseconds
                note("start \(container.name) fails", &state)
            }
            container.ended.set(())
            sendExited(id)
            throw RuntimeError(.failed, failure)
        }
        let podUID = state.withLock { state -> String in
            state.containers[id]?.status.state = .running
            state.containers[id]?.status.startedAt = clock.wallNanoseconds
            state.containers[id]?.status.pid = Int32(state.lastID + 1_000)
            note("start \(container.name)", &state)
            return state.sandboxes[container.status.sandboxID]?.config.metadata.uid ?? ""
        }
        send(.started(containerID: id, sandboxID: container.status.sandboxID, podUID: podUID))
        if let exit = container.script.exit {
            clock.schedule(at: clock.elapsed + exit.after) { [weak self] in
                self?.end(id, code: exit.code, outOfMemory: exit.outOfMemory)
            }
        }
    }

    package func stopContainer(_ id: String, timeout: Duration) async throws(RuntimeError) {
        guard let container = state.withLock({ $0.containers[id] }), container.status.state == .running else { return }
        if timeout > .zero {
            state.withLock { note("stop \(container.name) within \(timeout.components.seconds)s", &$0) }
            if case .exits(let delay, let code) = container.script.stop, delay < timeout {
                clock.schedule(at: clock.elapsed + delay) { [weak self] in self?.end(id, code: code, outOfMemory: false) }
            }
            clock.schedule(at: clock.elapsed + timeout) { [weak self] in self?.end(id, code: 137, outOfMemory: false) }
        } else {
            end(id, code: 137, outOfMemory: false)
        }
        await container.ended.wait()
    }

    package func removeContainer(_ id: String) async throws(RuntimeError) {
        end(id, code: 137, outOfMemory: false)
        let removed = state.withLock { state -> (SimulatedContainer, String)? in
            guard let container = state.containers.removeValue(forKey: id) else { return nil }
            note("remove \(container.name)", &state)
            return (container, state.sandboxes[container.status.sandboxID]?.config.metadata.uid ?? "")
        }
        guard let (container, podUID) = removed else { return }
        container.ended.set(())
        send(.removed(containerID: id, sandboxID: container.status.sandboxID, podUID: podUID))
    }

    package func listContainers(_ filter: ContainerFilter) async throws(RuntimeError) -> [ContainerStatus] {
        state.withLock { $0.containers.values.map(\.status) }
            .filter { status in
                (filter.id == nil || filter.id == status.id) && (filter.state == nil || filter.state == status.state)
                    && (filter.sandboxID == nil || filter.sandboxID == status.sandboxID) && status.labels.matches(filter.labels)
            }
            .sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
    }

    package func containerStatus(_ id: String) async throws(RuntimeError) -> ContainerStatus { try find(id).status }

    package func updateContainerResources(_ id: String, _ resources: LinuxContainerResources) async throws(RuntimeError) {
        let name = try find(id).name
        state.withLock { state in
            state.containers[id]?.status.resources = resources
            note("resize \(name) cpu \(resources.cpuShares)/\(resources.cpuQuota) memory \(resources.memoryLimitInBytes)", &state)
        }
    }

    package func reopenContainerLog(_ id: String) async throws(RuntimeError) { _ = try find(id) }

    package func execSync(_ id: String, command: [String], timeout: Duration?) async throws(RuntimeError) -> ExecSyncResult {
        let container = try find(id)
        guard container.status.state == .running else {
            throw RuntimeError(.failedPrecondition, "exec in container \(id): it is \(container.status.state.rawValue)")
        }
        let line = command.joined(separator: " ")
        let time = Duration.nanoseconds(clock.wallNanoseconds - container.status.startedAt)
        let script = container.script.command(line, time) ?? container.script.commands[line] ?? ContainerScript.Command()
        state.withLock { note("exec \(container.name) \(line)", &$0) }
        let isInTime = timeout.map { script.duration <= $0 } ?? true
        let outcome = OneShot<Bool>()
        clock.schedule(at: clock.elapsed + (isInTime ? script.duration : timeout ?? .zero)) { outcome.set(true) }
        state.withLock { $0.containers[id]?.atEnd.append { outcome.set(false) } }
        guard await outcome.wait() else { return ExecSyncResult(stdout: [], stderr: [], exitCode: 137) }
        guard isInTime else { throw RuntimeError(.deadlineExceeded, "exec \(line): timed out") }
        return ExecSyncResult(stdout: Array(script.output.utf8), stderr: [], exitCode: script.exitCode)
    }

    /// Ends a running container now, as a signal from outside would.
    package func end(_ id: String, code: Int32, outOfMemory: Bool) {
        let ended = state.withLock { state -> SimulatedContainer? in
            guard let container = state.containers[id], container.status.state == .running else { return nil }
            state.containers[id]?.status.state = .exited
            state.containers[id]?.status.exitCode = code
            state.containers[id]?.status.exitSignal = code > 128 && code < 193 ? code - 128 : 0
            state.containers[id]?.status.finishedAt = clock.wallNanoseconds
            state.containers[id]?.status.reason = outOfMemory ? "OOMKilled" : code == 0 ? "Completed" : "Error"
            state.containers[id]?.status.pid = 0
            note("exit \(container.name) \(code)", &state)
            return container
        }
        guard let ended else { return }
        for action in ended.atEnd { action() }
        ended.ended.set(())
        sendExited(id)
    }

    private func find(_ id: String) throws(RuntimeError) -> SimulatedContainer {
        guard let container = state.withLock({ $0.containers[id] }) else {
            throw RuntimeError(.notFound, "container \(id) not found")
        }
        return container
    }

    private func sendExited(_ id: String) {
        let event = state.withLock { state -> ContainerEvent? in
            guard let container = state.containers[id] else { return nil }
            let podUID = state.sandboxes[container.status.sandboxID]?.config.metadata.uid ?? ""
            return .exited(containerID: id, sandboxID: container.status.sandboxID, podUID: podUID)
        }
        if let event { send(event) }
    }
}
