package import CRI
internal import Cgroups
internal import LinuxSystem

extension NativeRuntime {
    package func stopContainer(_ id: String, timeout: Duration) async throws(RuntimeError) {
        try await verb("stop container \(name(id))") {
            guard let container = registry.container(id) else { return }  // gone already: that is what was wanted
            try await stop(container, timeout: timeout)
        }
    }

    /// Returns when the container has ended. Waiting for it holds no thread.
    func stop(_ container: Container, timeout: Duration) async throws {
        guard container.mayRun else { return }
        if timeout > .zero {
            try await blocking { try container.signal(container.spec.stopSignal) }
            if await container.ended.wait(timeout: timeout) { return }
        }
        try await kill([container])
    }

    /// SIGKILL to everything in the containers' cgroups, then waits for the word of their ends.
    func kill(_ containers: [Container]) async throws {
        let running = containers.filter(\.mayRun)
        guard !running.isEmpty else { return }
        try await blocking { for container in running { try container.kill() } }
        for container in running {
            guard await container.ended.wait(timeout: configuration.killTimeout) else {
                throw RuntimeError(
                    .deadlineExceeded,
                    "container \(container.config.metadata.name) did not end within \(configuration.killTimeout) after SIGKILL")
            }
        }
    }
}

extension Container {
    /// To the first process alone. One that has ended meanwhile is no error.
    func signal(_ signal: Int32) throws {
        guard let client = sandbox.connection?.client else { return }
        do throws(SupervisorError) {
            try client.signal(id, signal)
        } catch  where error.meansEnded { return }
    }

    /// By the cgroup, not by the supervisor: works even when that hangs, and takes every process at once.
    func kill() throws(SystemError) {
        // A process that is just being started is not in the cgroup yet: then who starts it sees this.
        doom()
        do {
            try sandbox.cgroup.cgroup.openChild(id).kill()
        } catch  where error.errno == .noSuchFile || error.errno == .noDevice { return }
    }

    /// Waits for the last process in its cgroup.
    func waitUntilEmpty(timeout: Duration) throws(SystemError) {
        do {
            try sandbox.cgroup.cgroup.openChild(id).waitUntilEmpty(timeout: timeout)
        } catch  where error.errno == .noSuchFile || error.errno == .noDevice { return }
    }
}

extension SupervisorError {
    /// The process is not there any more, or nobody is who could say otherwise.
    var meansEnded: Bool {
        switch reason {
        case .refused(let refusal): refusal.kind == .notFound || refusal.errno == .noSuchProcess
        case .gone: true
        default: false
        }
    }
}
