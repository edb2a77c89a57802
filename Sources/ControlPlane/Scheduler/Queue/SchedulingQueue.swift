/// The pods that wait for a node, in three pools: those to be tried now, those that wait a little because they failed just now, and those for
/// which something in the cluster must change first. Knows no clock: the time is given.
package struct SchedulingQueue: Sendable {
    package enum Pool: String, Sendable { case active, backOff, unschedulable, gated }
    private struct Place: Sendable {
        var pod: QueuedPod
        var pool: Pool
        /// Of the entry in a heap that counts.
        var ticket: Int
    }
    package struct Delays: Hashable, Sendable {
        package var first: Duration = .seconds(1)
        package var longest: Duration = .seconds(10)
        /// Tried again after so long even if nothing has changed.
        package var flush: Duration = .seconds(300)
        package init() {}
    }

    private var places: [String: Place] = [:]
    private var active: PodHeap
    private var backOff = PodHeap { $0.backOffUntil < $1.backOffUntil }
    private var counts: [Pool: Int] = [:]
    /// The UIDs of the unschedulable pool by what they were refused by, so that a change that cannot help is passed over at once.
    private var unschedulable: [Set<String>: Set<String>] = [:]
    private var nextTicket = 0
    private var nextFlush: Duration = .zero
    private let delays: Delays

    package init(_ sort: any QueueSortPlugin, delays: Delays = .init()) {
        active = PodHeap { sort.precedes($0, $1) }
        self.delays = delays
    }

    package func count(_ pool: Pool) -> Int { counts[pool] ?? 0 }
    package var count: Int { places.count }
    package func pool(of uid: String) -> Pool? { places[uid]?.pool }
    package subscript(uid: String) -> QueuedPod? { places[uid]?.pod }
    package var pods: [QueuedPod] { places.values.map(\.pod) }

    // MARK: Coming and going

    /// A pod has come; one that is known takes the place of what was known, where that was.
    ///
    /// - Parameter gate: Keeps it out.
    package mutating func add(_ info: PodInfo, gate: Refusal?, at now: Duration) {
        var pod = places[info.uid]?.pod ?? QueuedPod(info, at: now)
        pod.info = info
        pod.gate = gate
        let pool = places[info.uid]?.pool
        if gate != nil { return put(pod, .gated) }
        put(pod, pool == nil || pool == .gated ? .active : pool ?? .active)
    }

    package mutating func remove(_ uid: String) {
        guard let place = places.removeValue(forKey: uid) else { return }
        forget(place, uid)
    }

    /// The pod to be tried now; it is out of the queue until it is given back.
    package mutating func pop(at now: Duration) -> QueuedPod? {
        advance(to: now)
        while let entry = active.pop() {
            if isLive(entry, .active) { return take(entry) }
        }
        // Who waits only for the back-off after a refusal may go when nobody else wants to.
        while let entry = backOff.top {
            guard isLive(entry, .backOff) else {
                _ = backOff.pop()
                continue
            }
            guard !entry.pod.hasFailed, let first = backOff.pop() else { return nil }
            return take(first)
        }
        return nil
    }

    /// No node can take it: it waits for a change.
    package mutating func putBackUnschedulable(_ pod: QueuedPod, refusedBy plugins: Set<String>, at now: Duration) {
        var pod = delayed(pod, at: now)
        pod.refusedBy = plugins
        pod.hasFailed = false
        put(pod, .unschedulable)
    }

    /// The attempt broke off: it is tried again later.
    package mutating func putBackFailed(_ pod: QueuedPod, at now: Duration) {
        var pod = delayed(pod, at: now)
        pod.refusedBy = []
        pod.hasFailed = true
        put(pod, .backOff)
    }

    // MARK: Time and changes

    /// When something is due; nil when nothing waits for time alone.
    package func nextDue(after now: Duration) -> Duration? {
        var due = backOff.top?.pod.backOffUntil
        if count(.unschedulable) > 0 { due = min(due ?? nextFlush, nextFlush) }
        return due.map { max($0, now) }
    }

    /// - Parameter mayHelp: Whether the change may help a pod that a plugin has refused.
    /// - Returns: The UIDs of the pods that are tried again because of it.
    @discardableResult
    package mutating func move(
        at now: Duration, interested: (Set<String>) -> [String], mayHelp: (QueuedPod, String) -> Bool
    ) -> [String] {
        var moved: [String] = []
        for (plugins, uids) in unschedulable {
            let asked = interested(plugins)
            guard plugins.isEmpty || !asked.isEmpty else { continue }
            for uid in uids {
                guard let pod = places[uid]?.pod, plugins.isEmpty || asked.contains(where: { mayHelp(pod, $0) }) else { continue }
                moved.append(uid)
            }
        }
        for uid in moved { wake(uid, at: now) }
        return moved
    }

    /// Tries an unschedulable pod again, after its back-off.
    package mutating func wake(_ uid: String, at now: Duration) {
        guard let place = places[uid], place.pool == .unschedulable else { return }
        put(place.pod, place.pod.backOffUntil > now ? .backOff : .active)
    }

    private mutating func advance(to now: Duration) {
        while let entry = backOff.top {
            guard !isLive(entry, .backOff) || entry.pod.backOffUntil <= now else { break }
            _ = backOff.pop()
            if isLive(entry, .backOff) { put(entry.pod, .active) }
        }
        guard now >= nextFlush else { return }
        nextFlush = now + delays.flush / 10
        for (uid, place) in places where place.pool == .unschedulable && now - place.pod.since >= delays.flush { wake(uid, at: now) }
    }

    /// The first failure waits 1 s, each further one twice as long, at most 10 s.
    private func delayed(_ pod: QueuedPod, at now: Duration) -> QueuedPod {
        var pod = pod
        pod.since = now
        let doublings = min(max(pod.attempts - 1, 0), 20)
        pod.backOffUntil = now + min(delays.first * (1 << doublings), delays.longest)
        return pod
    }

    // MARK: Places

    private mutating func put(_ pod: QueuedPod, _ pool: Pool) {
        remove(pod.info.uid)
        nextTicket += 1
        places[pod.info.uid] = Place(pod: pod, pool: pool, ticket: nextTicket)
        counts[pool, default: 0] += 1
        let entry = PodHeap.Entry(pod: pod, ticket: nextTicket)
        switch pool {
        case .active:
            active.push(entry)
            active.compact(keeping: count(.active)) { [places] in places[$0.pod.info.uid]?.ticket == $0.ticket }
        case .backOff:
            backOff.push(entry)
            backOff.compact(keeping: count(.backOff)) { [places] in places[$0.pod.info.uid]?.ticket == $0.ticket }
        case .unschedulable: unschedulable[pod.refusedBy, default: []].insert(pod.info.uid)
        case .gated: break
        }
    }

    private mutating func take(_ entry: PodHeap.Entry) -> QueuedPod {
        var pod = places[entry.pod.info.uid]?.pod ?? entry.pod
        remove(entry.pod.info.uid)
        pod.attempts += 1
        return pod
    }

    private mutating func forget(_ place: Place, _ uid: String) {
        counts[place.pool, default: 0] -= 1
        guard place.pool == .unschedulable else { return }
        let key = place.pod.refusedBy
        unschedulable[key]?.remove(uid)
        if unschedulable[key]?.isEmpty == true { unschedulable[key] = nil }
    }

    private func isLive(_ entry: PodHeap.Entry, _ pool: Pool) -> Bool {
        guard let place = places[entry.pod.info.uid] else { return false }
        return place.ticket == entry.ticket && place.pool == pool
    }
}
