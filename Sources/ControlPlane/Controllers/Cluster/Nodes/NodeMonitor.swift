internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient
import Synchronization

/// Looks at every node's signs of life, and evicts the pods of those that are lost.
final class NodeMonitor: Sendable {
    static let nodeIndex = "node"
    private static let period = Duration.seconds(5)
    private static let leaseNamespace = "kube-node-lease"

    private struct State {
        var health: [String: NodeHealth] = [:]
        var gate = EvictionGate()
        var known: [String: Node] = [:]
        /// Pods of these are still to be set not ready.
        var unfinished: Set<String> = []
    }
    private let state = Mutex(State())
    private let context: ControllerContext
    private let writes: NodeWrites
    private let nodes: Informer<Node>
    private let leases: Informer<Lease>
    private let pods: Informer<Pod>

    init(_ context: ControllerContext) {
        self.context = context
        writes = NodeWrites(context: context)
        nodes = context.informers.informer(Node.self)
        leases = context.informers.informer(Lease.self)
        pods = context.informers.informer(Pod.self)
        pods.addIndex(Self.nodeIndex) { [$0.spec.nodeName ?? ""] }
    }

    func run() async {
        await context.informers.waitForSync()
        while !Task.isCancelled {
            await pass()
            // A shorter patience looks more often.
            let period = min(Self.period, (context.settings.nodeGracePeriod ?? Self.period) / 2)
            guard (try? await context.time.sleep(for: period)) != nil else { return }
        }
    }

    func pass() async {
        let all = nodes.objects().sorted { ($0.metadata.name ?? "") < ($1.metadata.name ?? "") }
        tellOfComingAndGoing(all)
        state.withLock { $0.gate.see(all) }
        for node in all {
            do throws(ClientError) { try await look(at: node) } catch {
                if !error.isConflict, !error.isNotFound { context.report("node \(node.metadata.name ?? ""): \(error)") }
            }
        }
    }

    private func tellOfComingAndGoing(_ all: [Node]) {
        let present = Dictionary(all.map { ($0.metadata.name ?? "", $0) }) { first, _ in first }
        let known = state.withLock { state in
            defer {
                state.known = present
                state.health = state.health.filter { present[$0.key] != nil }
                state.unfinished.formIntersection(present.keys)
            }
            return state.known
        }
        for (name, node) in known.sorted(by: { $0.key < $1.key }) where present[name] == nil {
            writes.tell(node, "RemovingNode", "Node \(name) event: Removing Node \(name) from Controller")
        }
        for (name, node) in present.sorted(by: { $0.key < $1.key }) where known[name] == nil {
            writes.tell(node, "RegisteredNode", "Node \(name) event: Registered Node \(name) in Controller")
        }
    }

    private func look(at observed: Node) async throws(ClientError) {
        let name = observed.metadata.name ?? ""
        let now = context.time.now
        let renewal = leases[ObjectKey(namespace: Self.leaseNamespace, name: name)]?.spec.renewTime
        let isLost = state.withLock { state in
            var health = state.health[name] ?? NodeHealth(now: now)
            health.see(observed, renewal: renewal, now: now)
            state.health[name] = health
            return health.isLost(observed, now: now, gracePeriod: context.settings.nodeGracePeriod)
        }
        var node = observed
        if isLost, NodeHealth.lostConditions(of: observed, now: .now()) != observed.status.conditions {
            node = try await writes.setLost(observed)
        }
        if !node.isReady, observed.isReady {
            writes.tell(node, "NodeNotReady", "Node \(name) status is now: NodeNotReady")
            state.withLock { _ = $0.unfinished.insert(name) }
        }
        if !node.isReady, state.withLock({ $0.unfinished.contains(name) }) {
            await writes.setNotReady(pods.objects(index: Self.nodeIndex, value: name))
            state.withLock { _ = $0.unfinished.remove(name) }
        }
        try await setEvictionTaint(node)
    }

    private func setEvictionTaint(_ node: Node) async throws(ClientError) {
        guard let ready = node.condition("Ready") else { return }
        let (isShut, now) = (state.withLock { $0.gate.isShut }, context.time.now)
        let key: String? =
            switch ready.status {
            case _ where isShut: nil
            case "False": NodeTaints.notReady
            case "Unknown": NodeTaints.unreachable
            default: nil
            }
        let hasOne = [NodeTaints.notReady, NodeTaints.unreachable].contains { NodeTaints.hasEvictionTaint(node, $0) }
        // One taint is swapped for the other at once; a first one waits its turn.
        guard key == nil || hasOne || state.withLock({ $0.gate.lets(node, at: now) }) else { return }
        try await writes.set(NodeTaints.evictionTaints(of: node, key: key, now: context.time.wallTime), on: node)
    }
}
