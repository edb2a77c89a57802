internal import CRI
internal import Netlink
internal import PodNetwork

extension NativeRuntime {
    /// Leads the node's ports that a pod asks for to its sandbox. With the host's network its processes have them by themselves.
    func mapHostPorts(_ record: SandboxRecord) throws {
        let ports = try record.hostPorts
        guard !ports.isEmpty else { return }
        guard let network else { throw SpecError("host port \(ports[0]): this node has no pod network") }
        let notices = try network.mapHostPorts(ports, sandboxID: record.id, addresses: record.addresses.compactMap { IPAddress($0) })
        for notice in notices { configuration.report(notice) }
    }

    /// Done at once when a sandbox stops: the pod's next sandbox wants the same ports.
    func unmapHostPorts(sandboxID: String) {
        do {
            for notice in try network?.unmapHostPorts(sandboxID: sandboxID) ?? [] { configuration.report(notice) }
        } catch { configuration.report("\(error)") }
    }

    /// Those of all sandboxes that were found again.
    ///
    /// - Parameter replacing: Nobody else works on the instance.
    func restoreHostPorts(replacing: Bool) {
        do {
            var wanted: [String: (ports: [HostPort], addresses: [IPAddress])] = [:]
            for sandbox in registry.sandboxes where sandbox.isReady {
                let record = sandbox.record
                wanted[sandbox.id] = (try record.hostPorts, record.addresses.compactMap { IPAddress($0) })
            }
            for notice in try network?.restoreHostPorts(wanted, replacing: replacing) ?? [] { configuration.report(notice) }
        } catch { configuration.report("\(error)") }
    }
}

extension SandboxRecord {
    var hostPorts: [HostPort] {
        get throws(SpecError) {
            guard config.linux.securityContext.namespaceOptions.network != .node else { return [] }
            var ports: [HostPort] = []
            for mapping in config.portMappings where mapping.hostPort != 0 { ports.append(try HostPort(mapping)) }
            return ports
        }
    }
}

extension HostPort {
    fileprivate init(_ mapping: PortMapping) throws(SpecError) {
        guard mapping.containerPort != 0 else { throw SpecError("host port \(mapping.hostPort): the container's port must not be 0") }
        let transport: Transport =
            switch mapping.protocol {
            case .tcp: .tcp
            case .udp: .udp
            case .sctp: .sctp
            }
        var address: IPAddress?
        if !mapping.hostIP.isEmpty {
            guard let parsed = IPAddress(mapping.hostIP) else {
                throw SpecError("host port \(mapping.hostPort): host IP \"\(mapping.hostIP)\" is no IP address")
            }
            address = parsed
        }
        self.init(transport, port: mapping.hostPort, address: address, sandboxPort: mapping.containerPort)
    }
}
