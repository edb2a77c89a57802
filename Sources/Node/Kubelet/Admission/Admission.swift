package import KubernetesAPI

/// Whether this node takes a pod.
package enum Admission {
    package struct Rejection: Sendable, Hashable {
        package var reason: String
        package var message: String

        /// The node has not enough of something that a pod on it may give up.
        var isOfResources: Bool { ["OutOfcpu", "OutOfmemory", "OutOfephemeral-storage", "OutOfpods"].contains(reason) }
    }

    /// - Parameters:
    ///   - others: The pods that the node has taken.
    ///   - node: As the API server has it; nil where there is none.
    ///   - pressures: What the node is short of.
    package static func judge(
        _ pod: Pod, others: [Pod], _ configuration: KubeletConfiguration, node: Node? = nil, pressures: [EvictionSignal.Pressure] = []
    ) -> Rejection? {
        if isRefused(pod, under: pressures) { return Rejection(reason: "Evicted", message: EvictionMessage.refusal(pressures)) }
        if let os = pod.spec.os?.name, os != "linux" {
            return Rejection(reason: "PodOSNotSupported", message: "Failed to admit pod as the OS field doesn't match node OS")
        }
        if let message = Sysctls.refusal(pod, allowedUnsafe: configuration.allowedUnsafeSysctls) {
            return Rejection(reason: "SysctlForbidden", message: message)
        }
        if let rejection = lack(pod, others, configuration, node) { return rejection }
        if let node, !NodeFit.matchesAffinity(pod, node) {
            return predicate("NodeAffinity", "node(s) didn't match Pod's node affinity/selector")
        }
        // Looked at only where there is something to look for: most pods have none, and there may be many others.
        let ports = pod.hostPorts
        if !ports.isEmpty, others.contains(where: { $0.hostPorts.contains { taken in ports.contains { $0.conflicts(with: taken) } } }) {
            return predicate("NodePorts", "node(s) didn't have free ports for the requested pod ports")
        }
        if let node, !pod.isStatic, NodeFit.untolerated(pod, node) != nil {
            return predicate("TaintToleration", "node(s) had taints that the pod didn't tolerate")
        }
        return nil
    }

    /// Memory pressure alone is a matter of pods that have asked for nothing.
    private static func isRefused(_ pod: Pod, under pressures: [EvictionSignal.Pressure]) -> Bool {
        if pressures.isEmpty || pod.isCritical { return false }
        guard pressures == [.memory] else { return true }
        return QoSClass(of: pod) == .bestEffort && !NodeFit.toleratesMemoryPressure(pod)
    }

    private static func predicate(_ name: String, _ what: String) -> Rejection {
        Rejection(reason: name, message: "Predicate \(name) failed: \(what)")
    }

    static func lack(_ pod: Pod, _ others: [Pod], _ configuration: KubeletConfiguration, _ node: Node?) -> Rejection? {
        func check(_ name: String, _ amount: (Pod) -> Int64, capacity: Int64?) -> Rejection? {
            let requested = amount(pod)
            guard let capacity, requested > 0 else { return nil }
            let used = others.reduce(0) { $0 + amount($1) }
            guard requested + used > capacity else { return nil }
            return Rejection(
                reason: "OutOf\(name)",
                message: "Node didn't have enough resource: \(name), requested: \(requested), used: \(used), capacity: \(capacity)")
        }
        let facts = configuration.node
        if let rejection = check("pods", { _ in 1 }, capacity: facts.maxPods) { return rejection }
        let requests = PodResources.requests(pod)
        if requests.isEmpty { return nil }
        return check("cpu", { PodResources.requests($0).milliValue("cpu") }, capacity: facts.allocatableMilliCPU)
            ?? check("memory", { PodResources.requests($0).value("memory") }, capacity: facts.allocatableMemoryBytes)
            ?? check("ephemeral-storage", { PodResources.requests($0).value("ephemeral-storage") }, capacity: facts.allocatableStorageBytes)
            ?? requests.keys.sorted().lazy.compactMap { name in
                check(name, { PodResources.requests($0).value(name) }, capacity: capacity(name, facts, node))
            }.first

        /// A page size that the node does not know is one that it has no page of; what else it does not list is not counted.
        func capacity(_ name: String, _ facts: NodeFacts, _ node: Node?) -> Int64? {
            if ["cpu", "memory", "ephemeral-storage"].contains(name) { return nil }
            if let size = HugePages.pageSize(ofResource: name) { return facts.hugePages[size] ?? 0 }
            return node?.status.allocatable[name]?.value
        }
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
