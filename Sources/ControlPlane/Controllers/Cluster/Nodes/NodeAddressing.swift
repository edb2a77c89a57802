internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient
import Synchronization

/// Gives every node its part of the cluster's pod networks (spec.podCIDR).
final class NodeAddressing: Sendable {
    private let context: ControllerContext
    private let ranges: [AddressRange]
    private let nodes: Informer<Node>
    private let queue: WorkQueue<ObjectKey>
    /// Given, and not shown by the informer yet.
    private let given = Mutex<[String: [String]]>([:])

    /// - Returns: nil when no network is given: nodes then have their own way.
    init?(_ context: ControllerContext) {
        guard !context.settings.clusterCIDRs.isEmpty else { return nil }
        self.context = context
        ranges = context.settings.clusterCIDRs.compactMap { AddressRange($0) }
        nodes = context.informers.informer(Node.self)
        queue = WorkQueue(time: context.time)
        nodes.addHandler { [self] event in
            switch event {
            case .added(let node), .updated(_, let node): if node.spec.podCIDRs.isEmpty { queue.add(ObjectKey(node)) }
            case .deleted(let node): given.withLock { $0[node.metadata.name ?? ""] = nil }
            }
        }
    }

    func run() async {
        await KeyedLoop(context, queue: queue) { [self] in try await reconcile($0) }.run(workers: 1)
    }

    private func reconcile(_ key: ObjectKey) async throws -> Reconciler<ObjectKey>.Outcome {
        guard let node = nodes[key], node.spec.podCIDRs.isEmpty, (node.spec.podCIDR ?? "").isEmpty else { return .done }
        let used = Set(nodes.objects().flatMap { $0.spec.podCIDRs + [$0.spec.podCIDR ?? ""] } + given.withLock { $0.values.flatMap { $0 } })
        guard let parts = Self.choose(from: ranges, used: used) else {
            context.events.record(
                ObjectReference(node), type: "Normal", reason: "CIDRNotAvailable",
                message: "Node \(key.name) status is now: CIDRNotAvailable")
            throw StillWaiting()
        }
        given.withLock { $0[key.name] = parts }
        let patch: JSONValue = ["spec": ["podCIDR": .string(parts[0]), "podCIDRs": .array(parts.map { .string($0) })]]
        try await ignoringAbsence { () throws(ClientError) in
            _ = try await context.client.resource(Node.self).patch(key.name, .strategicMerge, patch)
        }
        return .done
    }

    /// The first free part of every range; nil when one has none left.
    static func choose(from ranges: [AddressRange], used: Set<String>) -> [String]? {
        var chosen: [String] = []
        for range in ranges {
            guard let free = (0..<range.count).lazy.map({ range[$0] }).first(where: { !used.contains($0) }) else { return nil }
            chosen.append(free)
        }
        return chosen
    }
}
