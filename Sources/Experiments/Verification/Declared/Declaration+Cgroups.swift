internal import APIMachinery
internal import KubernetesAPI

extension Declaration {
    /// Every value that a container's cgroup has, from cgroup-v2.rst and the formulas of the kubelet and the runtimes.
    func cgroupExpectations(_ running: ContainerFacts, _ container: Container) -> [Expectation] {
        let path = "\(container.name)/cgroup"
        var expectations = cpuExpectations(container, path) + memoryExpectations(container, path)
        expectations += [
            Expectation(
                "\(path)/pids.max", .equals("max"), why: "the pod as a whole is limited, not its containers",
                formula: "no limit of its own", isDefault: true),
            Expectation(
                "\(path)/cpuset.cpus", .equals(""), why: "it would run on some processors only", formula: "not pinned", isDefault: true),
            Expectation(
                "\(path)/cpuset.mems", .equals(""), why: "it would use some memory nodes only", formula: "not pinned", isDefault: true),
            Expectation("\(path)/cgroup.freeze", .equals("0"), why: "it stands still", formula: "not frozen", isDefault: true),
            Expectation(
                "\(path)/io.max", .sameMembers([]), why: "its disks would be slower", formula: "Kubernetes has no field for it",
                isDefault: true),
        ]
        expectations += hugePageExpectations(container, path)
        if facts.isManaged {
            // The systemd driver makes a scope of it, with the runtime's name in front.
            let suffix = running.id.isEmpty ? "[^/]+" : "([a-z-]+-)?\(running.id)(\\.scope)?"
            expectations.append(
                Expectation(
                    "\(path)/path", .matches(".*\(podCgroup)/\(suffix)"), why: "it would not be within its pod's limits",
                    formula: "QoS class \(qos.rawValue), pod UID, container"))
        }
        return expectations
    }

    /// As the cgroupfs and the systemd driver name it.
    private var podCgroup: String {
        let uid = pod.metadata.uid ?? ""
        let dashed = uid.replacing("-", with: "_")
        switch qos {
        case .guaranteed: return "(kubepods/pod\(uid)|kubepods.slice/kubepods-pod\(dashed).slice)"
        case .burstable: return "(kubepods/burstable/pod\(uid)|kubepods-burstable.slice/kubepods-burstable-pod\(dashed).slice)"
        case .bestEffort: return "(kubepods/besteffort/pod\(uid)|kubepods-besteffort.slice/kubepods-besteffort-pod\(dashed).slice)"
        }
    }

    private func cpuExpectations(_ container: Container, _ path: String) -> [Expectation] {
        let limit = container.resources.limits["cpu"]?.milliValue ?? 0
        let request = container.resources.requests["cpu"]?.milliValue ?? limit
        let shares = ResourceFormula.shares(milliCPU: request)
        let (logarithmic, linear) = (ResourceFormula.logarithmicWeight(shares: shares), ResourceFormula.linearWeight(shares: shares))
        let weights = facts.podsDirectory != nil ? [logarithmic] : [logarithmic, linear]
        var expectations = [
            Expectation(
                "\(path)/cpu.max", .equals(ResourceFormula.cpuMax(milliCPU: limit)),
                why: "it would run longer or shorter than limits.cpu allows",
                formula: limit == 0 ? "no limits.cpu" : "limits.cpu \(limit)m · 100000 µs / 1000 per 100000 µs, at least 1000",
                isDefault: limit == 0),
            Expectation(
                "\(path)/cpu.max.burst", .equals("0"), why: "it would exceed limits.cpu for a while", formula: "none", isDefault: true),
            Expectation(
                "\(path)/cpu.idle", .equals("0"), why: "it would run only when nobody else does", formula: "not idle", isDefault: true),
        ]
        if facts.isManaged || request > 0 {
            expectations.append(
                Expectation(
                    "\(path)/cpu.weight", .oneOf(Array(Set(weights)).sorted().map(String.init)),
                    why: "it would get another share when processors are scarce",
                    formula:
                        "requests.cpu \(request)m · 1024 / 1000 = \(shares) shares, ⌈10^((L² + 125 L) / 612 − 7/34)⌉ with L = log2(shares)",
                    isDefault: request == 0))
        }
        return expectations
    }

    private func memoryExpectations(_ container: Container, _ path: String) -> [Expectation] {
        let limit = container.resources.limits["memory"]?.value ?? 0
        var expectations = [
            Expectation(
                "\(path)/memory.max", .equals(limit == 0 ? "max" : "\(limit / 4096 * 4096)"),
                why: "it could take the machine's memory, or is killed too early",
                formula: limit == 0 ? "no limits.memory" : "limits.memory in bytes, in whole pages", isDefault: limit == 0),
            Expectation(
                "\(path)/memory.min", .equals("0"), why: "memory would be kept from others", formula: "not protected (no MemoryQoS)",
                isDefault: true),
            Expectation(
                "\(path)/memory.low", .equals("0"), why: "memory would be kept from others", formula: "not protected", isDefault: true),
            Expectation(
                "\(path)/memory.high", .equals("max"), why: "it would be slowed down before its limit",
                formula: "no throttling (no MemoryQoS)", isDefault: true),
        ]
        if facts.isManaged {
            expectations.append(
                Expectation(
                    "\(path)/memory.oom.group", .equals("1"), why: "one process of it could be killed and the others go on, crippled",
                    formula: "the kubelet's default (singleProcessOOMKill: false)", isDefault: limit == 0))
        }
        if facts.isManaged, limit > 0 {
            expectations.append(
                Expectation(
                    "\(path)/memory.swap.max", .equals("0"), why: "it would swap instead of meeting its limit",
                    formula: "swap is not for containers (NoSwap)"))
        }
        return expectations
    }

    private func hugePageExpectations(_ container: Container, _ path: String) -> [Expectation] {
        container.resources.limits.sorted { $0.key < $1.key }.compactMap { name, quantity in
            guard name.hasPrefix("hugepages-"), let size = try? Quantity(parsing: String(name.dropFirst(10))).value else { return nil }
            let kernelName = size >= 1 << 30 ? "\(size >> 30)GB" : size >= 1 << 20 ? "\(size >> 20)MB" : "\(size >> 10)KB"
            return Expectation(
                "\(path)/hugetlb.\(kernelName).max", .equals("\(quantity.value)"), why: "it could take all huge pages",
                formula: "limits.\(name)")
        }
    }

    /// The pod's own cgroup, that holds its containers'.
    var podCgroupExpectations: [Expectation] {
        let requests = total(\.requests)
        let limits = total(\.limits)
        let all = (spec.containers + spec.initContainers).map(\.resources.limits)
        func isLimited(_ name: String) -> Bool {
            qos != .bestEffort
                && ((spec.resources?.limits[name]?.milliValue ?? 0) > 0 || all.allSatisfy { ($0[name]?.milliValue ?? 0) > 0 })
        }
        let request = requests["cpu"]?.milliValue ?? limits["cpu"]?.milliValue ?? 0
        let shares = qos == .bestEffort ? 2 : ResourceFormula.shares(milliCPU: request)
        let cpu = isLimited("cpu") ? limits["cpu"]?.milliValue ?? 0 : 0
        let memory = isLimited("memory") ? limits["memory"]?.value ?? 0 : 0
        let pids = facts.podPidsLimit
        return [
            Expectation(
                "pod/cgroup/cpu.weight", .equals("\(ResourceFormula.linearWeight(shares: shares))"),
                why: "the pod would get another share when processors are scarce",
                formula: "requests.cpu of the pod \(request)m · 1024 / 1000 = \(shares) shares, 1 + (shares − 2) · 9999 / 262142",
                isDefault: shares == 2),
            Expectation(
                "pod/cgroup/cpu.max", .equals(ResourceFormula.cpuMax(milliCPU: cpu)),
                why: "the pod would run longer or shorter than its limits allow",
                formula: cpu == 0 ? "not every container has limits.cpu" : "limits.cpu of the pod \(cpu)m", isDefault: cpu == 0),
            Expectation(
                "pod/cgroup/memory.max", .equals(memory == 0 ? "max" : "\(memory / 4096 * 4096)"),
                why: "the pod could take the machine's memory, or is killed too early",
                formula: memory == 0 ? "not every container has limits.memory" : "limits.memory of the pod", isDefault: memory == 0),
            Expectation(
                "pod/cgroup/pids.max", pids.map { .equals("\($0)") } ?? .present, why: "a fork bomb could take all process ids",
                formula: pids == nil ? "as the node was told" : "--pod-max-pids", isDefault: pids == nil),
            Expectation("pod/cgroup/cgroup.freeze", .equals("0"), why: "the pod stands still", formula: "not frozen", isDefault: true),
        ]
    }

    /// What the pod needs at most at any time (KEP-753: a sidecar counts in every step after its own start), plus its overhead.
    private func total(_ part: KeyPath<ResourceRequirements, [String: Quantity]>) -> [String: Quantity] {
        var sidecars: [String: Quantity] = [:]
        var peak: [String: Quantity] = [:]
        for container in spec.initContainers {
            let own = container.resources[keyPath: part]
            let step = sidecars.merging(own) { $0 + $1 }
            if container.restartPolicy == "Always" { sidecars = step }
            peak.merge(step) { max($0, $1) }
        }
        var result = sidecars
        for container in spec.containers { result.merge(container.resources[keyPath: part]) { $0 + $1 } }
        result.merge(peak) { max($0, $1) }
        if let whole = spec.resources?[keyPath: part] { result.merge(whole) { $1 } }
        for (name, quantity) in spec.overhead where part == \.requests || result[name] != nil {
            result[name] = (result[name] ?? .zero) + quantity
        }
        return result
    }
}
