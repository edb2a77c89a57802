package import KubernetesAPI

/// Whether this node takes a pod.
package enum Admission {
    package struct Rejection: Sendable, Hashable {
        package var reason: String
        package var message: String
    }

    /// - Parameter others: The pods that the node has taken.
    package static func judge(_ pod: Pod, others: [Pod], _ configuration: KubeletConfiguration) -> Rejection? {
        if let os = pod.spec.os?.name, os != "linux" {
            return Rejection(reason: "PodOSNotSupported", message: "Failed to admit pod as the OS field doesn't match node OS")
        }
        if let message = Sysctls.refusal(pod, allowedUnsafe: configuration.allowedUnsafeSysctls) {
            return Rejection(reason: "SysctlForbidden", message: message)
        }
        // Looked at only where there is something to look for: most pods have none, and there may be many others.
        let ports = pod.hostPorts
        if !ports.isEmpty, others.contains(where: { $0.hostPorts.contains { taken in ports.contains { $0.conflicts(with: taken) } } }) {
            return Rejection(
                reason: "NodePorts", message: "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports")
        }
        return lack(pod, others, configuration.node)
    }

    static func lack(_ pod: Pod, _ others: [Pod], _ node: NodeFacts) -> Rejection? {
        let requests = PodResources.requests(pod)
        func check(_ name: String, _ amount: (Pod) -> Int64, capacity: Int64?) -> Rejection? {
            guard let capacity, amount(pod) > 0 else { return nil }
            let used = others.reduce(0) { $0 + amount($1) }
            guard amount(pod) + used > capacity else { return nil }
            return Rejection(
                reason: "OutOf\(name)",
                message: "Node didn't have enough resource: \(name), requested: \(amount(pod)), used: \(used), capacity: \(capacity)")
        }
        if requests.isEmpty { return nil }
        return check("cpu", { PodResources.requests($0).milliValue("cpu") }, capacity: node.allocatableMilliCPU)
            ?? check("memory", { PodResources.requests($0).value("memory") }, capacity: node.allocatableMemoryBytes)
            ?? requests.keys.sorted().lazy.compactMap { name in
                // A page size that the node does not know is one that it has no page of.
                HugePages.pageSize(ofResource: name).flatMap { size in
                    check(name, { PodResources.requests($0).value(name) }, capacity: node.hugePages[size] ?? 0)
                }
            }.first
    }
}

struct HostPort: Hashable {
    let port: Int32
    let name: String
    /// Empty: all addresses.
    let ip: String

    func conflicts(with other: HostPort) -> Bool {
        port == other.port && name == other.name && (ip == other.ip || ip.isEmpty || other.ip.isEmpty)
    }
}

extension Pod {
    var hostPorts: [HostPort] {
        (sidecars + spec.containers).flatMap(\.ports).compactMap { port in
            guard let hostPort = port.hostPort, hostPort > 0 else { return nil }
            let ip = port.hostIP ?? ""
            return HostPort(port: hostPort, name: port.protocol ?? "TCP", ip: ip == "0.0.0.0" || ip == "::" ? "" : ip)
        }
    }
}
