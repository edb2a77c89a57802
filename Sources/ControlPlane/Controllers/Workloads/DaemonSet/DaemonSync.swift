internal import APIMachinery
internal import KubernetesAPI

/// What one look at a DaemonSet leads to: a pure function of the set, the nodes and its pods.
struct DaemonSync {
    struct Plan: Equatable {
        /// Names of nodes, each once.
        var create: [String] = []
        var delete: [Pod] = []
        /// Of the pods to delete, those that have come to their end by themselves.
        var ended: [Pod] = []
        /// When to look again.
        var again: Duration?

        var isEmpty: Bool { create.isEmpty && delete.isEmpty }
    }

    let set: DaemonSet
    let hash: String
    let now: Timestamp
    private let nodes: [Node]
    private let fits: [String: DaemonNodeFit]
    /// In order of age, without those at their end that are being deleted.
    private let podsByNode: [String: [Pod]]

    init(_ set: DaemonSet, hash: String, nodes: [Node], pods: [Pod], now: Timestamp) {
        self.set = set
        self.hash = hash
        self.now = now
        self.nodes = nodes.sorted { ($0.metadata.name ?? "") < ($1.metadata.name ?? "") }
        fits = Dictionary(
            nodes.map { ($0.metadata.name ?? "", DaemonNodeFit(set.spec.template.spec, $0)) }, uniquingKeysWith: { first, _ in first })
        var byNode: [String: [Pod]] = [:]
        for pod in pods where !(pod.isTerminal && pod.metadata.isBeingDeleted) {
            if let node = DaemonPods.node(of: pod) { byNode[node, default: []].append(pod) }
        }
        podsByNode = byNode.mapValues { $0.sorted { Self.comesFirst($0, $1) } }
    }

    private static func comesFirst(_ one: Pod, _ other: Pod) -> Bool {
        if (one.spec.nodeName != nil) != (other.spec.nodeName != nil) { return one.spec.nodeName != nil }
        let (age, otherAge) = (one.metadata.creationTimestamp, other.metadata.creationTimestamp)
        if let age, let otherAge, age != otherAge { return age < otherAge }
        return (one.metadata.name ?? "") < (other.metadata.name ?? "")
    }

    private func isAvailable(_ pod: Pod) -> Bool { pod.isAvailable(minReadySeconds: set.spec.minReadySeconds ?? 0, at: now) }
    private func isUpdated(_ pod: Pod) -> Bool { DaemonPods.isUpdated(pod, of: set, hash: hash) }

    // MARK: One pod on each node

    /// - Parameter backoff: How long a failed pod on a node has to stay; nil when it may go.
    func manage(backoff: (_ node: String) -> Duration?) -> Plan {
        var plan = Plan()
        for node in nodes {
            guard let name = node.metadata.name, let fit = fits[name] else { continue }
            let pods = podsByNode[name] ?? []
            if fit.shouldRun, pods.isEmpty {
                plan.create.append(name)
            } else if fit.mayContinue {
                keep(pods, on: name, fit, &plan, backoff)
            } else {
                plan.delete += pods.filter { !$0.metadata.isBeingDeleted }
            }
        }
        // Nobody else removes a pod that waits for a node which is gone.
        for (name, pods) in podsByNode.sorted(by: { $0.key < $1.key }) where fits[name] == nil {
            plan.delete += pods.filter { $0.spec.nodeName == nil && !$0.metadata.isBeingDeleted }
        }
        return plan
    }

    private func keep(
        _ pods: [Pod], on node: String, _ fit: DaemonNodeFit, _ plan: inout Plan, _ backoff: (String) -> Duration?
    ) {
        var running: [Pod] = []
        for pod in pods where !pod.metadata.isBeingDeleted {
            if pod.status.phase == "Failed" {
                if let wait = backoff(node) {
                    plan.again = min(plan.again ?? wait, wait)
                } else {
                    plan.delete.append(pod)
                    plan.ended.append(pod)
                }
            } else if pod.status.phase == "Succeeded" {
                plan.delete.append(pod)
                plan.ended.append(pod)
            } else {
                running.append(pod)
            }
        }
        guard set.allowsSurge else {
            plan.delete += running.dropFirst()
            return
        }
        if running.isEmpty, fit.shouldRun { plan.create.append(node) }
        if running.count > 1 { plan.delete += surplus(running) }
    }

    /// While surging, an old and a new pod may be there, as long as the old one works and the new one does not.
    private func surplus(_ running: [Pod]) -> [Pod] {
        let (new, old) = (running.filter { isUpdated($0) }, running.filter { !isUpdated($0) })
        var surplus = Array(new.dropFirst() + old.dropFirst())
        if let first = new.first, let last = old.first, !last.isReady || isAvailable(first) { surplus.append(last) }
        return surplus
    }

    // MARK: Rolling update

    /// The old pods that may go, or the nodes that get a second one.
    func update() -> Plan {
        let desired = fits.values.count(where: \.shouldRun)
        let (surge, unavailable) = set.limits(desired: desired)
        return surge == 0 ? replace(unavailable: unavailable) : surgeOver(surge)
    }

    /// The one old and the one new pod of each node; nil where there are more. Pods being deleted don't count.
    private func pairs() -> [(node: String, pair: (new: Pod?, old: Pod?)?)] {
        var byNode = podsByNode
        for (node, fit) in fits where fit.shouldRun && byNode[node] == nil { byNode[node] = [] }
        return byNode.sorted { $0.key < $1.key }.map { node, pods in
            let staying = pods.filter { !$0.metadata.isBeingDeleted }
            let (new, old) = (staying.filter { isUpdated($0) }, staying.filter { !isUpdated($0) })
            return (node, new.count > 1 || old.count > 1 ? nil : (new.first, old.first))
        }
    }

    private func replace(unavailable limit: Int) -> Plan {
        var lacking = 0
        var broken: [Pod] = []
        var working: [Pod] = []
        for (_, pair) in pairs() {
            switch pair {
            case (nil, let old?)?:
                if isAvailable(old) { working.append(old) } else { broken.append(old) }
            case (let new?, nil)?: lacking += isAvailable(new) ? 0 : 1
            // The keeping of one pod a node will see to it.
            default: lacking += 1
            }
        }
        return Plan(delete: broken + working.prefix(max(0, limit - lacking)))
    }

    private func surgeOver(_ limit: Int) -> Plan {
        var plan = Plan()
        var surging = 0
        var candidates: [String] = []
        for (node, pair) in pairs() {
            switch pair {
            case nil: surging += 1
            case (let new?, let old?)?:
                if isAvailable(new) { plan.delete.append(old) } else { surging += 1 }
            case (nil, let old?)?:
                if isAvailable(old) { candidates.append(node) } else { plan.create.append(node) }
            case (_, nil)?: continue
            }
        }
        plan.create += candidates.prefix(max(0, limit - surging))
        return plan
    }

    // MARK: Status

    func status() -> DaemonSetStatus {
        var status = set.status
        var (current, ready, available, updated, desired, misscheduled) = (0, 0, 0, 0, 0, 0)
        for node in nodes {
            let name = node.metadata.name ?? ""
            let first = podsByNode[name]?.first
            guard fits[name]?.shouldRun == true else {
                misscheduled += first == nil ? 0 : 1
                continue
            }
            desired += 1
            guard let first else { continue }
            current += 1
            ready += first.isReady ? 1 : 0
            available += isAvailable(first) ? 1 : 0
            updated += isUpdated(first) ? 1 : 0
        }
        func count(_ value: Int) -> Int32? { value == 0 ? nil : Int32(value) }
        status.currentNumberScheduled = Int32(current)
        status.desiredNumberScheduled = Int32(desired)
        status.numberMisscheduled = Int32(misscheduled)
        status.numberReady = Int32(ready)
        status.numberAvailable = count(available)
        status.numberUnavailable = count(desired - available)
        status.updatedNumberScheduled = count(updated)
        status.observedGeneration = set.metadata.generation
        return status
    }
}

extension DaemonSet {
    var allowsSurge: Bool { limits(desired: .max >> 8).surge > 0 }

    /// How many nodes may have two pods, and how many may lack one.
    func limits(desired: Int) -> (surge: Int, unavailable: Int) {
        guard spec.updateStrategy.type != "OnDelete" else { return (0, 0) }
        let rolling = spec.updateStrategy.rollingUpdate
        let surge = (rolling?.maxSurge ?? .int(0)).scaled(to: desired, roundingUp: true) ?? 0
        let unavailable = (rolling?.maxUnavailable ?? .int(1)).scaled(to: desired, roundingUp: true) ?? 1
        return (surge, surge == 0 && unavailable == 0 ? 1 : unavailable)
    }
}
