package import APIMachinery

/// The scheduler's whole state and its reactions: changes and the time in, things to be done out. Does nothing itself.
package struct SchedulerCore: Sendable {
    package enum Action: Sendable {
        case bind(Assignment)
        /// Tell of a failure; and of the node that will have room.
        case refuse(QueuedPod, message: String, nominated: String?)
        /// Tell that gates keep the pod out.
        case hold(PodInfo, Refusal)
        case preempt(PodInfo, Preemption)
    }
    /// A pod on its way to a node.
    package struct Assignment: Sendable {
        package var pod: QueuedPod
        package var node: String
        /// What must be agreed to and done first.
        package var waits: [(plugin: String, upTo: Duration, answer: @Sendable () async -> Refusal?)] = []
        package var work: [PreBindWork] = []
    }

    package private(set) var cluster = ClusterSnapshot()
    package private(set) var queue: SchedulingQueue
    private var assumed: [String: Assignment] = [:]
    /// The victims of pods for which room is being made, until that is written: no second room is made meanwhile.
    private var preempting: [String: [String]] = [:]
    private let profiles: [String: SchedulingProfile]
    private var random: SeededRandom
    private var start = 0
    /// The last attempts.
    package private(set) var records: SchedulingRecords

    package init(_ configuration: SchedulerConfiguration) {
        profiles = Dictionary(configuration.profiles.map { ($0.schedulerName, $0) }, uniquingKeysWith: { first, _ in first })
        queue = SchedulingQueue(configuration.profiles[0].queueSort, delays: configuration.delays)
        random = SeededRandom(seed: configuration.seed)
        records = SchedulingRecords(capacity: configuration.recordedAttempts)
    }

    package func profile(of pod: PodInfo) -> SchedulingProfile? { profiles[pod.schedulerName] }
    package var assumedCount: Int { assumed.count }

    // MARK: Pods

    /// A pod has come or changed.
    package mutating func set(_ pod: PodInfo, at now: Duration) -> [Action] {
        if pod.isFinished {
            remove(pod.uid, at: now)
            return []
        }
        return pod.nodeName.isEmpty ? setWaiting(pod, at: now) : setPlaced(pod, at: now)
    }

    package mutating func remove(_ uid: String, at now: Duration) {
        queue.remove(uid)
        let wasNominated = cluster.nominations.node(of: uid) != nil
        cluster.nominations.remove(uid)
        if let assignment = assumed.removeValue(forKey: uid) { unreserve(assignment) }
        preempting[uid] = nil
        if let gone = cluster.removePod(uid) {
            tell(.podRemoved(gone.pod), at: now)
        } else if wasNominated {
            tell(.other("a nominated pod is gone"), at: now)
        }
    }

    private mutating func setPlaced(_ pod: PodInfo, at now: Duration) -> [Action] {
        let wasAssumed = assumed.removeValue(forKey: pod.uid) != nil
        let old = cluster.placedPod(pod.uid)
        cluster.place(pod, on: pod.nodeName)
        queue.remove(pod.uid)
        cluster.nominations.remove(pod.uid)
        if let old, !wasAssumed { tell(.placedPodUpdated(old: old, new: pod), at: now) } else { tell(.podPlaced(pod), at: now) }
        return []
    }

    private mutating func setWaiting(_ pod: PodInfo, at now: Duration) -> [Action] {
        guard let profile = profile(of: pod) else { return [] }
        if assumed[pod.uid] != nil {
            assumed[pod.uid]?.pod.info = pod
            return []
        }
        guard !pod.isTerminating else {
            remove(pod.uid, at: now)
            return []
        }
        if !pod.nominatedNode.isEmpty { cluster.nominations.set(pod, on: pod.nominatedNode) }
        let old = queue[pod.uid]
        let gate = profile.preEnqueue.lazy.compactMap { $0.refusal(toEnqueue: pod) }.first
        queue.add(pod, gate: gate, at: now)
        if let old, old.gate == nil { wakeIfHelped(old.info, pod, profile, at: now) }
        guard let gate, old?.gate != gate else { return [] }
        return [.hold(pod, gate)]
    }

    private mutating func wakeIfHelped(_ old: PodInfo, _ new: PodInfo, _ profile: SchedulingProfile, at now: Duration) {
        guard let queued = queue[new.uid], queue.pool(of: new.uid) == .unschedulable,
            old.pod.spec != new.pod.spec || old.labels != new.labels
        else { return }
        let change = ClusterChange.waitingPodUpdated(old: old, new: new)
        let isHelped = queued.refusedBy.isEmpty || queued.refusedBy.contains { profile.mayHelp(change, new, $0, cluster) }
        if isHelped { queue.wake(new.uid, at: now) }
    }

    // MARK: Nodes and the rest

    package mutating func set(_ node: NodeInfo, at now: Duration) {
        let old = cluster.node(node.name)
        cluster.set(node)
        tell(old.map { .nodeUpdated(old: $0, new: node) } ?? .nodeAdded(node), at: now)
    }

    package mutating func removeNode(_ name: String) { cluster.removeNode(name) }

    package mutating func setNamespace(_ name: String, labels: [String: String]?, at now: Duration) {
        guard cluster.namespaces[name] != labels ?? [:] else { return }
        cluster.namespaces[name] = labels ?? [:]
        tell(.namespaceChanged, at: now)
    }

    /// - Parameter apply: Says what may wake pods.
    mutating func change(_ apply: (inout ClusterSnapshot) -> ClusterChange?, at now: Duration) {
        if let change = apply(&cluster) { tell(change, at: now) }
    }

    /// Wakes the pods that a change may help.
    package mutating func tell(_ change: ClusterChange, at now: Duration) {
        guard queue.count(.unschedulable) > 0 else { return }
        let kind = change.kind
        queue.move(at: now) { plugins in
            plugins.filter { name in profiles.values.contains { $0.byName[name]?.interests.contains(kind) ?? false } }
        } mayHelp: { queued, plugin in
            profiles[queued.info.schedulerName]?.mayHelp(change, queued.info, plugin, cluster) ?? true
        }
    }

    // MARK: Deciding

    /// Looks for a node for the next pod.
    ///
    /// - Returns: nil when no pod is to be tried now.
    package mutating func step(_ time: any TimeSource) -> [Action]? {
        let now = time.now
        guard let pod = queue.pop(at: now) else { return nil }
        guard let profile = profile(of: pod.info), !pod.info.isTerminating else { return [] }
        guard preempting[pod.info.uid] == nil else {
            queue.putBackUnschedulable(pod, refusedBy: pod.refusedBy, at: now)
            return []
        }
        cluster.prepare(for: pod.info, extraSpread: profile.defaultSpread(of: pod.info, cluster))
        var decision = profile.decide(pod.info, cluster, start: start, random: &random)
        start = decision.nextStart
        if let slot = decision.slot, let node = cluster.nodes[slot]?.name {
            do throws(Refusal) {
                let assignment = try assume(pod, on: node, profile)
                records.add(.init(pod, decision, cluster, profile, time, since: now))
                return [.bind(assignment)]
            } catch {
                decision.slot = nil
                decision.diagnosis.refusals = [(slot, error)]
                decision.diagnosis.plugins = [error.plugin]
            }
        }
        return refuse(pod, &decision, profile, time, since: now)
    }

    /// The pod counts on its node from now on, before that is written.
    private mutating func assume(_ pod: QueuedPod, on node: String, _ profile: SchedulingProfile) throws(Refusal) -> Assignment {
        var assignment = Assignment(pod: pod, node: node)
        do throws(Refusal) {
            for plugin in profile.reserves {
                if let refusal = plugin.reserve(pod.info, on: node, &cluster) { throw refusal.by(plugin) }
            }
            for plugin in profile.permits {
                switch plugin.permit(pod.info, on: node, cluster) {
                case .allow: continue
                case .refuse(let refusal): throw refusal.by(plugin)
                case .wait(let limit, let answer): assignment.waits.append((plugin.name, limit, answer))
                }
            }
        } catch {
            for plugin in profile.reserves.reversed() { plugin.unreserve(pod.info, on: node, &cluster) }
            throw error
        }
        assignment.work = profile.preBinds.compactMap { $0.preBind(pod.info, on: node, cluster) }
        cluster.place(pod.info, on: node)
        assumed[pod.info.uid] = assignment
        cluster.nominations.remove(pod.info.uid)
        return assignment
    }

    private mutating func refuse(
        _ pod: QueuedPod, _ decision: inout Decision, _ profile: SchedulingProfile, _ time: any TimeSource, since now: Duration
    ) -> [Action] {
        var preemption = decision.diagnosis.nodeCount > 0 ? makeRoom(pod.info, &decision.diagnosis, profile) : nil
        var attempt = SchedulingRecords.Attempt(pod, decision, cluster, profile, time, since: now)
        attempt.message = decision.diagnosis.message
        attempt.nominatedNode = preemption?.node
        attempt.victims = preemption?.victims.map { "\($0.key)" } ?? []
        records.add(attempt)
        queue.putBackUnschedulable(pod, refusedBy: decision.diagnosis.plugins, at: now)
        let refusal = Action.refuse(pod, message: attempt.message, nominated: preemption?.node)
        guard let node = preemption?.node else { return [refusal] }
        let displaced = cluster.nominations.pods(on: node).filter { $0.priority < pod.info.priority && $0.uid != pod.info.uid }
        for pod in displaced { cluster.nominations.remove(pod.uid) }
        preemption?.displaced = displaced
        cluster.nominations.set(pod.info, on: node)
        preempting[pod.info.uid] = preemption?.victims.map(\.uid)
        return [refusal] + (preemption.map { [.preempt(pod.info, $0)] } ?? [])
    }

    private func makeRoom(_ pod: PodInfo, _ diagnosis: inout Diagnosis, _ profile: SchedulingProfile) -> Preemption? {
        var said: [String] = []
        plugins: for plugin in profile.postFilters {
            switch plugin.postFilter(pod, cluster, diagnosis, profile) {
            case .nominate(let preemption): return preemption
            case .nothing(let text): said.append(text)
            case .failed(let text):
                said.append(text)
                break plugins
            }
        }
        diagnosis.postFilter = said.joined(separator: ", ")
        return nil
    }

    // MARK: Outcomes

    /// All that makes room for the pod is written.
    package mutating func preempted(for uid: String, at now: Duration) {
        guard let victims = preempting.removeValue(forKey: uid) else { return }
        // Who is gone already woke nobody.
        if victims.contains(where: { cluster.place(of: $0) == nil }) { queue.wake(uid, at: now) }
    }

    /// The assignment could not be written: the pod is none of its node's and is tried again.
    package mutating func bindingFailed(_ uid: String, at now: Duration) {
        guard let assumption = assumed.removeValue(forKey: uid) else { return }
        let info = assumption.pod.info
        unreserve(assumption)
        if let gone = cluster.removePod(uid) { tell(.podRemoved(gone.pod), at: now) }
        guard !info.isTerminating else { return }
        queue.putBackFailed(assumption.pod, at: now)
    }

    private mutating func unreserve(_ assignment: Assignment) {
        guard let profile = profile(of: assignment.pod.info) else { return }
        for plugin in profile.reserves.reversed() { plugin.unreserve(assignment.pod.info, on: assignment.node, &cluster) }
    }
}
