internal import CRI
internal import Cgroups

/// Which device nodes a container has, and which it may use.
enum DeviceResolver {
    /// The nodes of every container (OCI runtime-spec, "Default Devices"). ptmx and console are links or come with a terminal.
    static let usual = [
        DeviceNode(path: "/dev/null", major: 1, minor: 3), DeviceNode(path: "/dev/zero", major: 1, minor: 5),
        DeviceNode(path: "/dev/full", major: 1, minor: 7), DeviceNode(path: "/dev/random", major: 1, minor: 8),
        DeviceNode(path: "/dev/urandom", major: 1, minor: 9), DeviceNode(path: "/dev/tty", major: 5, minor: 0),
    ]

    /// - Parameter hostDevices: Nodes of the machine by path: those that the configuration names and, for a privileged container, all.
    /// - Returns: The nodes, and the rules of the cgroup's filter; no rules means that everything is allowed.
    static func resolve(
        _ config: ContainerConfig, hostDevices: [String: [DeviceNode]], allHostDevices: [DeviceNode]
    ) throws(SpecError) -> (nodes: [DeviceNode], rules: [DeviceRule]?) {
        if config.securityContext.privileged {
            let usualPaths = Set(usual.map(\.path))
            return (usual + allHostDevices.filter { !usualPaths.contains($0.path) }, nil)
        }
        var nodes = usual
        var rules = DeviceRule.containerDefaults
        for device in config.devices {
            let access = try access(device)
            guard let found = hostDevices[device.hostPath], !found.isEmpty else {
                throw SpecError("device \(device.hostPath): no device node of the machine")
            }
            for var node in found {
                let target = try MountResolver.normalized(device.containerPath)
                node.path = target + node.path.dropFirst(device.hostPath.count)
                nodes.removeAll { $0.path == node.path }
                nodes.append(node)
                rules.append(.allow(node.isBlock ? .block : .character, node.major, node.minor, access))
            }
        }
        return (nodes, rules)
    }

    private static func access(_ device: CRI.Device) throws(SpecError) -> DeviceRule.Access {
        var access: DeviceRule.Access = []
        for letter in device.permissions {
            switch letter {
            case "r": access.insert(.read)
            case "w": access.insert(.write)
            case "m": access.insert(.mknod)
            default: throw SpecError("device \(device.hostPath): permissions \"\(device.permissions)\" are not some of rwm")
            }
        }
        return access
    }
}
