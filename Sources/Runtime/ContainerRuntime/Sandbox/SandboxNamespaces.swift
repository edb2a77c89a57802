internal import CRI
internal import LinuxSystem
internal import Netlink
internal import PodNetwork
internal import SupervisorAPI

extension NativeRuntime {
    /// Makes the pod's namespaces in its supervisor, and the tmpfs of its /dev/shm.
    ///
    /// - Parameter early: The network from the pool, when there is one.
    /// - Returns: The namespaces, and the network of a pod whose user namespace must own it.
    func makeNamespaces(
        _ config: PodSandboxConfig, _ spare: SpareSupervisor, _ early: HeldNamespace?
    ) throws -> (PodNamespaces, PodNetworkAttachment?) {
        let options = config.linux.securityContext.namespaceOptions
        let request = NamespaceRequest(config, makesNetwork: early == nil)
        let sharedMemory = options.ipc == .node ? nil : spare.sharedMemory
        let namespaces = try spare.client.createNamespaces(request, network: early?.descriptor, sharedMemory: sharedMemory?.rawValue)
        guard early == nil, options.network != .node, namespaces.network != nil else { return (namespaces, nil) }
        guard let pod = self.network else {
            try namespaces.withNetwork { try Self.bringUpLoopback(in: $0) }
            return (namespaces, nil)
        }
        return (namespaces, try namespaces.withNetwork { try pod.attach(sandboxID: spare.id, netns: $0, isPinned: false) })
    }

    /// A pod without a network still talks to itself.
    private static func bringUpLoopback(in namespace: borrowing OwnedFD) throws {
        var socket = try NetworkNamespace.openSocket(in: namespace)
        try socket.perform([.setLink(.name("lo"), LinkSettings(isUp: true))])
    }
}

extension NamespaceRequest {
    /// - Parameter makesNetwork: There is no network namespace from the pool.
    init(_ config: PodSandboxConfig, makesNetwork: Bool) {
        self.init()
        let options = config.linux.securityContext.namespaceOptions
        if options.network != .node {
            create.insert(.uts)
            hostname = config.hostname
            if !config.domainname.isEmpty { domainname = config.domainname }
            if makesNetwork { create.insert(.network) }
        }
        if options.ipc != .node { create.insert(.ipc) }
        if let user = options.user {
            create.insert(.user)
            uidMap = user.uids.map { .init(inside: $0.containerID, outside: $0.hostID, count: $0.length) }
            gidMap = user.gids.map { .init(inside: $0.containerID, outside: $0.hostID, count: $0.length) }
        }
        sysctls = Self.sysctls(config)
    }

    /// What containerd sets in a pod's own network namespace, below what the pod asks for. A group range beyond the pod's ids is refused
    /// by the kernel, so it is left out where there is a user namespace.
    private static func sysctls(_ config: PodSandboxConfig) -> [(name: String, value: String)] {
        let options = config.linux.securityContext.namespaceOptions
        var values = config.linux.sysctls
        if options.network != .node {
            values["net.ipv4.ip_unprivileged_port_start"] = values["net.ipv4.ip_unprivileged_port_start"] ?? "0"
            if options.user == nil { values["net.ipv4.ping_group_range"] = values["net.ipv4.ping_group_range"] ?? "0 2147483647" }
        }
        return values.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
    }
}
