internal import CRI
internal import LinuxSystem

/// The descriptors for a plan's inputs, held open until the supervisor has them.
struct PlanDescriptors {
    private(set) var numbers: [CInt] = []
    /// Owners of what was opened for this start alone, and of what others could let go of meanwhile.
    private var owners: [AnyObject] = []

    init(
        _ inputs: [PlanInput], _ container: Container, _ connection: SandboxConnection, cgroup: CgroupHandle, _ registry: Registry
    ) throws {
        owners = [connection, cgroup]
        for input in inputs {
            switch input {
            case .cgroup: numbers.append(cgroup.cgroup.directory.rawValue)
            case .network: try append(connection.namespaces.network, "network")
            case .ipc: try append(connection.namespaces.ipc, "ipc")
            case .uts: try append(connection.namespaces.uts, "uts")
            case .user: try append(connection.namespaces.user, "user")
            case .pidNamespace: hold(try Self.pidNamespace(container, connection, registry))
            case .target: preconditionFailure("only an exec has a target")
            case .mount(let index): hold(SharedDescriptor(try DetachedSources.open(container.spec.mounts[index], connection)))
            case .layer(let index):
                hold(SharedDescriptor(try DetachedSources.openLayer(container.image.root.lowerDirectories[index], connection)))
            }
        }
    }

    private mutating func append(_ number: CInt?, _ kind: String) throws {
        guard let number else { throw SpecError("the sandbox has no \(kind) namespace") }
        numbers.append(number)
    }

    private mutating func hold(_ descriptor: SharedDescriptor) {
        numbers.append(descriptor.rawValue)
        owners.append(descriptor)
    }

    private mutating func hold(_ process: PinnedProcess) {
        numbers.append(process.pidfd.rawValue)
        owners.append(process)
    }

    /// By the pidfd of the pod's init, or of the container that is targeted.
    private static func pidNamespace(
        _ container: Container, _ connection: SandboxConnection, _ registry: Registry
    ) throws -> PinnedProcess {
        guard case .container(let id) = container.spec.namespaces.pid else {
            guard let initProcess = connection.initProcess else { throw SpecError("the sandbox has no pid namespace of its own") }
            return initProcess
        }
        guard let target = registry.container(id), target.sandbox === container.sandbox else {
            throw SpecError("pid namespace of container \(id): no such container in this sandbox")
        }
        return try target.pinnedProcess()
    }
}

extension Container {
    /// The running first process, held fast.
    func pinnedProcess() throws -> PinnedProcess {
        if let process { return process }
        guard case .running(let pid, _) = lifecycle else {
            throw RuntimeError(.failedPrecondition, "container \(config.metadata.name) is not running")
        }
        let pinned = try PinnedProcess(pid: pid, in: "\(sandbox.cgroup.path)/\(id)")
        process = pinned
        return pinned
    }
}
