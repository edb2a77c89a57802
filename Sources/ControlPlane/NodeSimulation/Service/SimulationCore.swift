internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// What the simulated nodes do next: changes and the time in, writes out. Does nothing itself; a seed repeats every choice.
struct SimulationCore {
    enum Work: Hashable, Sendable {
        case pod(ObjectKey)
        case lease(String)
        case status(String)
    }
    enum Action: Sendable {
        case advance(Pod, stage: Int, address: String, hostAddress: String)
        case renew(node: String, uid: String)
        case report(Node, address: String)
    }
    private struct NodeState {
        var uid: String
        var address: String
        var isSilent: Bool
    }
    private struct PodState {
        var uid: String
        var address: String
        var stage: Int?
        /// The stage that was done last.
        var done: Int?
        var isBusy = false
        /// Of a write of our own: what is older does not show it.
        var minRevision: UInt64 = 0
    }

    /// Heartbeats wait for the next of these points in time, so that many are written at once.
    static let tick = Duration.milliseconds(250)
    /// After a write that failed.
    static let retryDelay = Duration.seconds(1)

    let template: NodeTemplate
    let table: StageTable
    private var nodes: [String: NodeState] = [:]
    private var pods: [ObjectKey: PodState] = [:]
    private var timers = TimerHeap<Work>()
    private var random: SeededRandom
    private var nodeAddresses = AddressPool(after: 10 << 24 | 64 << 16, size: 1 << 16)
    private var podAddresses = AddressPool(after: 10 << 24 | 128 << 16, size: (1 << 23) - 2)

    init(template: NodeTemplate, table: StageTable, seed: UInt64) {
        self.template = template
        self.table = table
        random = SeededRandom(seed: seed)
    }

    var nextDue: Duration? { timers.next }

    // MARK: Nodes

    /// An address for a node that is about to be made.
    mutating func newNodeAddress() -> String { nodeAddresses.take() ?? "" }

    /// A node has come or changed.
    ///
    /// - Returns: What to do, and whether its pods must be looked at again.
    mutating func observe(_ node: Node, at now: Duration) -> (action: Action?, wakesPods: Bool) {
        let name = node.metadata.name ?? ""
        guard node.metadata.labels[NodeTemplate.label] == "true" else {
            forget(node: name)
            return (nil, false)
        }
        let old = nodes[name]
        let isSilent = node.metadata.annotations[NodeTemplate.silence] == "true"
        var state = NodeState(uid: node.metadata.uid ?? "", address: old?.address ?? "", isSilent: isSilent)
        if state.address.isEmpty { state.address = node.address.map { reserved($0) } ?? newNodeAddress() }
        nodes[name] = state
        guard !isSilent else {
            timers.cancel(.lease(name))
            timers.cancel(.status(name))
            return (nil, false)
        }
        let wakes = old.map { $0.isSilent || $0.uid != state.uid } ?? true
        if wakes {
            timers.set(.lease(name), at: ticked(now + template.heartbeat * Double.random(in: 0..<1, using: &random)))
            timers.set(.status(name), at: ticked(now + template.statusInterval * Double.random(in: 0..<1, using: &random)))
        }
        guard !node.isReady || node.status.allocatable.isEmpty else { return (nil, wakes) }
        return (.report(node, address: state.address), wakes)
    }

    private mutating func reserved(_ address: String) -> String {
        nodeAddresses.reserve(address)
        return address
    }

    mutating func forget(node name: String) {
        guard let gone = nodes.removeValue(forKey: name) else { return }
        nodeAddresses.release(gone.address)
        timers.cancel(.lease(name))
        timers.cancel(.status(name))
    }

    private func ticked(_ time: Duration) -> Duration {
        let count = (time / Self.tick).rounded(.up)
        return Self.tick * count
    }

    // MARK: Pods

    /// Keeps an address that a pod had before this process began.
    mutating func reserve(_ pod: Pod) {
        if let address = pod.status.podIP { podAddresses.reserve(address) }
    }

    /// A pod has come or changed, or its time has come.
    mutating func observe(_ pod: Pod, at now: Duration) -> Action? {
        guard let nodeName = pod.spec.nodeName, let node = nodes[nodeName] else { return nil }
        let key = ObjectKey(pod)
        var state = pods[key] ?? PodState(uid: pod.metadata.uid ?? "", address: pod.status.podIP ?? "")
        if state.uid != pod.metadata.uid {
            release(state)
            state = PodState(uid: pod.metadata.uid ?? "", address: pod.status.podIP ?? "")
        }
        defer { pods[key] = state }
        guard !state.isBusy, !node.isSilent, pod.revision >= state.minRevision else { return nil }
        guard let stage = stage(for: pod, &state, key, at: now) else { return nil }
        guard timers[.pod(key)].map({ $0 <= now }) ?? false else { return nil }
        timers.cancel(.pod(key))
        if state.address.isEmpty { state.address = pod.spec.hostNetwork == true ? node.address : podAddresses.take() ?? "" }
        state.isBusy = true
        return .advance(pod, stage: stage, address: state.address, hostAddress: node.address)
    }

    /// The stage that the pod waits for, with its time; one that it still is right for stays.
    private mutating func stage(for pod: Pod, _ state: inout PodState, _ key: ObjectKey, at now: Duration) -> Int? {
        if let stage = state.stage, table.stages[stage].condition.matches(pod) { return stage }
        guard let next = table.next(for: pod, &random) else {
            state.stage = nil
            timers.cancel(.pod(key))
            return nil
        }
        let delay = table.delay(of: next, &random)
        // Done once and right again though nothing has changed by it: not in a circle.
        timers.set(.pod(key), at: now + (next == state.done ? max(delay, Self.retryDelay) : delay))
        state.stage = next
        return next
    }

    /// - Parameter revision: Of the pod as it was written; nil: it was not.
    mutating func finished(_ key: ObjectKey, uid: String, revision: UInt64?, at now: Duration) {
        guard var state = pods[key], state.uid == uid else { return }
        state.isBusy = false
        if let revision {
            state.minRevision = revision
            state.done = state.stage
            state.stage = nil
        } else if state.stage != nil {
            timers.set(.pod(key), at: now + Self.retryDelay)
        }
        pods[key] = state
    }

    mutating func forget(pod: Pod) {
        let key = ObjectKey(pod)
        guard let state = pods[key], state.uid == pod.metadata.uid else { return }
        pods[key] = nil
        timers.cancel(.pod(key))
        release(state)
    }

    private mutating func release(_ state: PodState) { podAddresses.release(state.address) }

    // MARK: Time

    /// Work that is due; each is given out once.
    mutating func takeDue(at now: Duration) -> Work? { timers.take(at: now) }

    /// A pod's time has come: as `observe`, though its timer is spent.
    mutating func due(_ pod: Pod, at now: Duration) -> Action? {
        timers.set(.pod(ObjectKey(pod)), at: now)
        return observe(pod, at: now)
    }

    mutating func dueRenewal(of name: String, at now: Duration) -> Action? {
        guard let node = nodes[name], !node.isSilent else { return nil }
        timers.set(.lease(name), at: ticked(now + template.heartbeat))
        return .renew(node: name, uid: node.uid)
    }

    mutating func dueStatus(of node: Node, at now: Duration) -> Action? {
        let name = node.metadata.name ?? ""
        guard let state = nodes[name], !state.isSilent else { return nil }
        timers.set(.status(name), at: ticked(now + template.statusInterval))
        return .report(node, address: state.address)
    }

    /// What could not be written is tried again soon.
    mutating func retry(_ work: Work, at now: Duration) {
        switch work {
        case .lease(let name), .status(let name): if nodes[name]?.isSilent != false { return }
        case .pod: break
        }
        timers.set(work, at: now + Self.retryDelay)
    }
}

extension Node {
    var isReady: Bool { status.conditions.contains { $0.type == "Ready" && $0.status == "True" } }
    var address: String? { status.addresses.first { $0.type == "InternalIP" }?.address }
}

extension Pod {
    var revision: UInt64 { metadata.resourceVersion.flatMap { UInt64($0) } ?? 0 }
}
