package import KubernetesClient

/// Everything that a decision depends on, as one value: nodes, the pods on them with those that were just assigned, and counts that are kept
/// true by each change. A decision reads it and changes nothing.
///
/// A node has a small number, its slot, as long as it or a pod on it is there; what is known of nodes is in arrays by slot.
package struct ClusterSnapshot: Sendable {
    /// nil where only pods of an unknown node are, or nothing.
    package private(set) var nodes: [NodeInfo?] = []
    package private(set) var usage: [NodeUsage] = []
    package private(set) var extendedUsage: [ExtendedUsage] = []
    /// The pods on each node, in no order.
    package private(set) var pods: [[PodInfo]] = []
    /// The slots of all nodes in the order in which they are tried.
    package private(set) var order: [Int] = []
    package var namespaces = NamespaceLabels() {
        didSet { if namespaces != oldValue { counts.forgetSelectionsByNamespaceLabels() } }
    }
    package var owners = OwnerSelectors()
    package var volumes = VolumeState()
    /// How many placed pods use a claim.
    package private(set) var claimUses: [ObjectKey: Int] = [:]
    package var budgets: [DisruptionBudget] = []
    package var nominations = Nominations()
    /// Required anti-affinity of placed pods: keeps others away.
    package private(set) var antiAffinityTerms = TermCounts<AffinityTerm>()
    /// Required affinity of placed pods: draws others near.
    package private(set) var affinityTerms = TermCounts<AffinityTerm>()
    /// Preferences of placed pods.
    package private(set) var preferredTerms = TermCounts<WeightedTerm>()
    package private(set) var unschedulableNodeCount = 0
    package private(set) var hardTaintedNodeCount = 0
    package private(set) var softTaintedNodeCount = 0
    package private(set) var images = ImageTable()

    private var counts = PodCounts()
    private var topologies: [String: Topology] = [:]
    private var nodeOrder = NodeOrder()
    private var slots: [String: Int] = [:]
    private var freeSlots: [Int] = []
    private var places: [String: Int] = [:]

    package init() {}

    package var nodeCount: Int { order.count }
    package var podCount: Int { places.count }

    // MARK: Looking

    /// The slot of a node that is there.
    package func slot(of name: String) -> Int? { slots[name].flatMap { nodes[$0] == nil ? nil : $0 } }
    package func node(_ name: String) -> NodeInfo? { slots[name].flatMap { nodes[$0] } }

    /// The slot of a pod that counts on a node.
    package func place(of uid: String) -> Int? { places[uid] }
    package func placedPod(_ uid: String) -> PodInfo? {
        places[uid].flatMap { pods[$0].first { $0.uid == uid } }
    }

    /// How many pods of a selection each slot has.
    package func podCounts(_ selection: PodSelection) -> [Int32] { counts[selection] ?? count(selection) }

    package func topology(_ key: String) -> Topology { topologies[key] ?? Topology(key: key, nodes: nodes) }

    private func count(_ selection: PodSelection) -> [Int32] {
        pods.map { pods in pods.reduce(into: 0) { if selection.matches($1, namespaces) { $0 += 1 } } }
    }

    // MARK: Changes

    /// Begins to keep what decisions about such a pod will look at. Changes no answer, only their cost.
    package mutating func prepare(for pod: PodInfo, extraSpread: [SpreadConstraint] = []) {
        let terms = pod.requiredAffinity + pod.requiredAntiAffinity + pod.preferredAffinity.map(\.term)
        for term in terms { prepare(term.pods, term.topologyKey) }
        for constraint in pod.hardSpread + pod.softSpread + extraSpread { prepare(constraint.pods, constraint.topologyKey) }
    }

    private mutating func prepare(_ selection: PodSelection, _ topologyKey: String) {
        if counts[selection] == nil {
            let counted = count(selection)
            counts.keep(selection) { counted }
        } else {
            counts.keep(selection) { [] }
        }
        prepareTopology(topologyKey)
    }

    private mutating func prepareTopology(_ key: String) {
        if topologies[key] == nil { topologies[key] = Topology(key: key, nodes: nodes) }
    }

    /// A node has come or has changed.
    package mutating func set(_ node: NodeInfo) {
        let slot = slots[node.name] ?? newSlot(node.name)
        let old = nodes[slot]
        if old?.zone != node.zone || old == nil {
            if let old { nodeOrder.remove(slot, zone: old.zone) }
            nodeOrder.insert(slot, zone: node.zone)
            order = nodeOrder.slots
        }
        replace(old, with: node, at: slot)
        usage[slot].setAllocatable(node.allocatable, pods: node.allocatablePods)
        extendedUsage[slot].allocatable = node.allocatable.others
    }

    package mutating func removeNode(_ name: String) {
        guard let slot = slots[name], let old = nodes[slot] else { return }
        nodeOrder.remove(slot, zone: old.zone)
        order = nodeOrder.slots
        replace(old, with: nil, at: slot)
        usage[slot].setAllocatable(ResourceAmounts(), pods: 0)
        extendedUsage[slot].allocatable = [:]
        freeIfEmpty(slot, name)
    }

    /// A pod counts on its node from now on; the node need not be known. What counted under its UID before no longer does.
    package mutating func place(_ pod: PodInfo, on node: String) {
        if places[pod.uid] != nil { removePod(pod.uid) }
        let slot = slots[node] ?? newSlot(node)
        places[pod.uid] = slot
        pods[slot].append(pod)
        usage[slot].change(pod, by: 1)
        if !pod.requests.others.isEmpty { extendedUsage[slot].change(pod, by: 1) }
        counts.add(pod, at: slot, namespaces)
        changeTerms(of: pod, at: slot, by: 1)
        for use in pod.claims { claimUses[ObjectKey(namespace: pod.key.namespace, name: use.name), default: 0] += 1 }
    }

    /// - Returns: The pod and its node, when it counted anywhere.
    @discardableResult
    package mutating func removePod(_ uid: String) -> (pod: PodInfo, node: String)? {
        guard let slot = places.removeValue(forKey: uid), let index = pods[slot].firstIndex(where: { $0.uid == uid }) else { return nil }
        let pod = pods[slot][index]
        pods[slot].swapAt(index, pods[slot].count - 1)
        pods[slot].removeLast()
        usage[slot].change(pod, by: -1)
        if !pod.requests.others.isEmpty { extendedUsage[slot].change(pod, by: -1) }
        counts.remove(pod, at: slot, namespaces)
        changeTerms(of: pod, at: slot, by: -1)
        for use in pod.claims {
            let key = ObjectKey(namespace: pod.key.namespace, name: use.name)
            let left = claimUses[key, default: 0] - 1
            claimUses[key] = left > 0 ? left : nil
        }
        let node = names[slot]
        freeIfEmpty(slot, node)
        return (pod, node)
    }

    private mutating func changeTerms(of pod: PodInfo, at slot: Int, by step: Int32) {
        if !pod.requiredAntiAffinity.isEmpty {
            antiAffinityTerms.change(pod.requiredAntiAffinity, at: slot, by: step)
            for term in pod.requiredAntiAffinity { prepareTopology(term.topologyKey) }
        }
        if !pod.requiredAffinity.isEmpty {
            affinityTerms.change(pod.requiredAffinity, at: slot, by: step)
            for term in pod.requiredAffinity { prepareTopology(term.topologyKey) }
        }
        if !pod.preferredAffinity.isEmpty {
            preferredTerms.change(pod.preferredAffinity, at: slot, by: step)
            for term in pod.preferredAffinity { prepareTopology(term.term.topologyKey) }
        }
    }

    private mutating func replace(_ old: NodeInfo?, with new: NodeInfo?, at slot: Int) {
        nodes[slot] = new
        unschedulableNodeCount += (new?.isUnschedulable == true ? 1 : 0) - (old?.isUnschedulable == true ? 1 : 0)
        hardTaintedNodeCount += (new?.hardTaints.isEmpty == false ? 1 : 0) - (old?.hardTaints.isEmpty == false ? 1 : 0)
        softTaintedNodeCount += (new?.softTaints.isEmpty == false ? 1 : 0) - (old?.softTaints.isEmpty == false ? 1 : 0)
        if old?.labels != new?.labels { for key in topologies.keys { topologies[key]?.set(new, at: slot) } }
        if old?.imageSizes != new?.imageSizes {
            images.remove(old?.imageSizes ?? [:], at: slot)
            images.add(new?.imageSizes ?? [:], at: slot)
        }
    }

    // MARK: Slots

    private var names: [String] = []

    private mutating func newSlot(_ name: String) -> Int {
        let slot = freeSlots.popLast() ?? nodes.count
        if slot == nodes.count {
            nodes.append(nil)
            usage.append(NodeUsage())
            extendedUsage.append(ExtendedUsage())
            pods.append([])
            names.append(name)
        } else {
            names[slot] = name
        }
        slots[name] = slot
        return slot
    }

    private mutating func freeIfEmpty(_ slot: Int, _ name: String) {
        guard nodes[slot] == nil, pods[slot].isEmpty else { return }
        slots[name] = nil
        freeSlots.append(slot)
    }
}
