internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient
import Synchronization

/// Gives every node its part of the cluster's pod networks (spec.podCIDR). What is in use is what nodes have: a part is free again when its
/// node has gone.
final class NodeAddressing: Sendable {
    private let context: ControllerContext
    private let ranges: [AddressRange]
    private let nodes: Informer<Node>
    private let queue: WorkQueue<ObjectKey>
    /// Given, and not shown by the informer yet.
    private let given = Mutex<[String: [String]]>([:])

    /// - Returns: nil when no network is given: nodes then have their own way.
    init?(_ context: ControllerContext) {
        let settings = context.settings
        guard !settings.clusterCIDRs.isEmpty else { return nil }
        self.context = context
        ranges = settings.clusterCIDRs.compactMap { text in
            AddressRange(text, nodeBits: text.contains(":") ? settings.nodeMaskSizes.ipv6 : settings.nodeMaskSizes.ipv4)
        }
        nodes = context.informers.informer(Node.self)
        queue = WorkQueue(time: context.time)
        nodes.addHandler { [self] event in
            switch event {
            case .added(let node): queue.add(ObjectKey(node))
            case .updated(let old, let new):
                if new.podNetworks.isEmpty || old.podNetworks != new.podNetworks { queue.add(ObjectKey(new)) }
            case .deleted(let node):
                given.withLock { $0[node.metadata.name ?? ""] = nil }
                for waiting in nodes.objects() where waiting.podNetworks.isEmpty { queue.add(ObjectKey(waiting)) }
            }
        }
    }

    func run() async {
        await context.informers.waitForSync()
        await KeyedLoop(context, queue: queue) { [self] in try await reconcile($0) }.run(workers: 1)
    }

    private func reconcile(_ key: ObjectKey) async throws -> Reconciler<ObjectKey>.Outcome {
        guard let node = nodes[key] else { return .done }
        let others = nodes.objects().filter { $0.metadata.name != key.name }
        guard node.podNetworks.isEmpty else {
            tellOfClash(node, others)
            return .done
        }
        let used = others.flatMap(\.podNetworks) + given.withLock { $0.filter { $0.key != key.name }.values.flatMap { $0 } }
        guard let parts = Self.choose(from: ranges, used: used) else {
            tell(node, "CIDRNotAvailable")
            throw StillWaiting()
        }
        given.withLock { $0[key.name] = parts }
        let patch: JSONValue = ["spec": ["podCIDR": .string(parts[0]), "podCIDRs": .array(parts.map { .string($0) })]]
        do throws(ClientError) {
            try await ignoringAbsence { () throws(ClientError) in
                _ = try await context.client.resource(Node.self).patch(key.name, .strategicMerge, patch)
            }
        } catch {
            if !error.isConflict { tell(node, "CIDRAssignmentFailed") }
            throw error
        }
        return .done
    }

    /// A node may come with a network of its own. When another had it first, nobody finds this one's pods there.
    private func tellOfClash(_ node: Node, _ others: [Node]) {
        guard let clash = Self.clash(node, others) else { return }
        tell(node, "CIDRAssignmentFailed", ": \(clash)")
    }

    private func tell(_ node: Node, _ reason: String, _ why: String = "") {
        context.events.record(
            ObjectReference(node), type: "Normal", reason: reason,
            message: "Node \(node.metadata.name ?? "") status is now: \(reason)\(why)")
    }

    // MARK: decisions

    /// The first free part of every range; nil when one has none left.
    static func choose(from ranges: [AddressRange], used: [String]) -> [String]? {
        var chosen: [String] = []
        for range in ranges {
            let taken = Set(used.compactMap { range.parts(of: $0) }.flatMap { Array($0) })
            guard let free = (0..<range.count).first(where: { !taken.contains($0) }) else { return nil }
            chosen.append(range[free])
        }
        return chosen
    }

    /// Whose network a node claims that was there before it.
    static func clash(_ node: Node, _ others: [Node]) -> String? {
        for network in node.podNetworks {
            guard let range = AddressRange(network, nodeBits: network.split(separator: "/").last.flatMap { Int($0) }) else { continue }
            for other in others where other.isOlder(than: node) {
                guard let first = other.podNetworks.first(where: { range.parts(of: $0) != nil }) else { continue }
                return "\(network) overlaps \(first) of node \(other.metadata.name ?? "")"
            }
        }
        return nil
    }
}

extension Node {
    fileprivate var podNetworks: [String] { spec.podCIDRs.isEmpty ? [spec.podCIDR].compactMap { $0 } : spec.podCIDRs }

    fileprivate func isOlder(than other: Node) -> Bool {
        let (mine, theirs) = (metadata.creationTimestamp?.seconds ?? 0, other.metadata.creationTimestamp?.seconds ?? 0)
        return (mine, metadata.name ?? "") < (theirs, other.metadata.name ?? "")
    }
}
