internal import APIMachinery
internal import Glibc
internal import KubernetesAPI

extension Declaration {
    enum QoS: String { case guaranteed = "Guaranteed", burstable = "Burstable", bestEffort = "BestEffort" }

    /// kubernetes.io/docs/concepts/workloads/pods/pod-qos; with pod-level resources (KEP-2837) those alone decide.
    var qos: QoS {
        let all = spec.resources.map { [$0] } ?? (spec.containers + spec.initContainers).map(\.resources)
        func amount(_ list: [String: Quantity], _ name: String) -> Int64 { list[name]?.milliValue ?? 0 }
        let names = ["cpu", "memory"]
        let hasNone = all.allSatisfy { one in names.allSatisfy { amount(one.requests, $0) == 0 && amount(one.limits, $0) == 0 } }
        if hasNone { return .bestEffort }
        let isGuaranteed = all.allSatisfy { one in
            names.allSatisfy { name in
                amount(one.limits, name) > 0 && (one.requests[name] == nil || amount(one.requests, name) == amount(one.limits, name))
            }
        }
        return isGuaranteed ? .guaranteed : .burstable
    }

    /// kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction, "Node out of memory behavior".
    func oomScoreAdjust(_ container: Container) -> (value: Int64, formula: String) {
        if spec.priorityClassName == "system-node-critical" { return (-997, "system-node-critical") }
        switch qos {
        case .guaranteed: return (-997, "QoS class Guaranteed")
        case .bestEffort: return (1000, "QoS class BestEffort")
        case .burstable: break
        }
        let node = max(1, facts.node.memoryBytes)
        func value(_ request: Int64) -> Int64 {
            // Not above BestEffort's 1000, not below what is kept for Guaranteed and the node's own.
            min(max(1000 - Int64(clamping: Int128(1000) * Int128(request) / Int128(node)), 3), 999)
        }
        let shared = sharedMemoryRequest
        let request = (container.resources.requests["memory"]?.value ?? 0) + shared
        let formula = "Burstable: 1000 − 1000 · requests.memory \(request) / node's memory \(node), within 3 … 999"
        guard spec.initContainers.contains(where: { $0.name == container.name && $0.restartPolicy == "Always" }) else {
            return (value(request), formula)
        }
        let least = spec.containers.map { $0.resources.requests["memory"]?.value ?? 0 }.min() ?? 0
        return (min(value(request), value(least + shared)), formula + ", a sidecar no higher than the containers it serves")
    }

    /// What a pod-level request leaves over, divided evenly.
    private var sharedMemoryRequest: Int64 {
        guard let whole = spec.resources?.requests["memory"]?.value else { return 0 }
        let lasting = spec.containers + spec.initContainers.filter { $0.restartPolicy == "Always" }
        let sum = lasting.reduce(0) { $0 + ($1.resources.requests["memory"]?.value ?? 0) }
        return lasting.isEmpty ? 0 : max(0, whole - sum) / Int64(lasting.count)
    }

    func resourceExpectations(_ container: Container) -> [Expectation] {
        var expectations = limitExpectations(container)
        guard facts.isManaged else { return expectations }
        let (value, formula) = oomScoreAdjust(container)
        expectations.append(
            Expectation(
                "\(container.name)/process/oom_score_adj", .equals("\(value)"),
                why: "when memory runs out, another process would be killed first",
                formula: formula))
        return expectations
    }

    /// Kubernetes has no field for them: what the process that started it has.
    private func limitExpectations(_ container: Container) -> [Expectation] {
        guard let running = facts.containers.first(where: { $0.name == container.name }) else { return [] }
        return running.inheritedLimits.sorted { $0.key < $1.key }.map { name, limit in
            // The runtime raises its own soft limit of open files, and gives containers the one it was started with.
            let onlyHard = name == "Max open files"
            let hard = String(limit.split(separator: " ").last ?? "")
            return Expectation(
                "\(container.name)/limits[\(name)]", onlyHard ? .matches("[^ ]+ \(hard)") : .equals(limit),
                why: "the program would meet another limit than on the machine",
                formula: "that of the process that started it, soft and hard")
        }
    }
}

/// Requests and limits in the kernel's terms.
enum ResourceFormula {
    /// sched-design of Kubernetes: a core is 1024 shares, 2 the least.
    static func shares(milliCPU: Int64) -> Int64 { min(max(milliCPU * 1024 / 1000, 2), 262_144) }

    /// KEP-2254: 1 + (shares − 2) · 9999 / 262142.
    static func linearWeight(shares: Int64) -> Int64 { 1 + (shares - 2) * 9999 / 262_142 }

    /// runc 1.3.2 and crun 1.23 on: 1024 shares are the default weight, 100.
    static func logarithmicWeight(shares: Int64) -> Int64 {
        if shares <= 2 { return 1 }
        if shares >= 262_144 { return 10_000 }
        let l = log2(Double(shares))
        return Int64(pow(10, (l * l + 125 * l) / 612 - 7.0 / 34).rounded(.up))
    }

    /// cpu.max: run time per 100 ms, at least 1 ms.
    static func cpuMax(milliCPU: Int64) -> String { milliCPU == 0 ? "max 100000" : "\(max(milliCPU * 100, 1000)) 100000" }
}
