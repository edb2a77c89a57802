internal import CRI
internal import Cgroups
internal import LinuxSystem
internal import Synchronization

/// One pod sandbox: its configuration, its supervisor and namespaces, and the containers in it.
final class Sandbox: Sendable {
    let id: String
    let layout: SandboxLayout
    let config: PodSandboxConfig
    /// Nanoseconds since the epoch.
    let createdAt: Int64
    /// Empty with the machine's network.
    let addresses: [String]
    let cgroup: CgroupHandle
    let ownsCgroup: Bool
    /// What `/dev/shm` of its containers is, when it is a path; otherwise the namespaces hold a detached mount.
    let sharedMemoryPath: String?

    private struct State {
        var isReady: Bool
        var isRemoving = false
        var connection: SandboxConnection?
        var containers: [String: Container] = [:]
    }
    private let state: Mutex<State>

    init(
        record: SandboxRecord, layout: SandboxLayout, cgroup: CgroupHandle, connection: SandboxConnection?, sharedMemoryPath: String?
    ) {
        id = record.id
        self.layout = layout
        config = record.config
        createdAt = record.createdAt
        addresses = record.addresses
        self.cgroup = cgroup
        ownsCgroup = record.ownsCgroup
        self.sharedMemoryPath = sharedMemoryPath
        state = Mutex(State(isReady: record.phase == .ready && connection != nil, connection: connection))
    }

    var podUID: String { config.metadata.uid }
    var isReady: Bool { state.withLock { $0.isReady } }
    var connection: SandboxConnection? { state.withLock { $0.connection } }
    var containers: [Container] { state.withLock { Array($0.containers.values) } }

    func container(_ id: String) -> Container? { state.withLock { $0.containers[id] } }

    /// - Returns: False when the sandbox is not ready any more: then the container may not come into being.
    func add(_ container: Container, evenWhenStopped: Bool = false) -> Bool {
        state.withLock { state in
            guard state.isReady || evenWhenStopped else { return false }
            state.containers[container.id] = container
            return true
        }
    }

    func remove(_ container: Container) { _ = state.withLock { $0.containers.removeValue(forKey: container.id) } }

    /// No container may be added or started from here on.
    /// - Returns: False when it was not ready before.
    func markStopped() -> Bool {
        state.withLock { state in
            defer { state.isReady = false }
            return state.isReady
        }
    }

    /// Lets go of the supervisor and the namespaces.
    func takeConnection() -> SandboxConnection? {
        state.withLock { state in
            state.isReady = false
            return state.connection.take()
        }
    }

    /// - Returns: False when somebody is removing it already.
    func beginRemoval() -> Bool {
        state.withLock { state in
            defer { state.isRemoving = true }
            return !state.isRemoving
        }
    }

    var record: SandboxRecord {
        var record = SandboxRecord(id: id, config: config, createdAt: createdAt, cgroupPath: cgroup.path)
        record.phase = isReady ? .ready : .stopped
        record.addresses = addresses
        record.ownsCgroup = ownsCgroup
        return record
    }

    var status: PodSandboxStatus {
        var status = PodSandboxStatus(
            id: id, metadata: config.metadata, state: isReady ? .ready : .notReady, createdAt: createdAt)
        status.network.ip = addresses.first ?? ""
        status.network.additionalIPs = Array(addresses.dropFirst())
        status.namespaceOptions = config.linux.securityContext.namespaceOptions
        status.labels = config.labels
        status.annotations = config.annotations
        return status
    }
}

/// A cgroup held open by several: containers of a pod share that of the pod.
final class CgroupHandle: Sendable {
    let cgroup: Cgroup
    var path: String { cgroup.path }
    init(_ cgroup: consuming Cgroup) { self.cgroup = cgroup }
}
