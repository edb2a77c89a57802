internal import APIMachinery
import Synchronization

/// Asks node agents for what they use, and keeps the answers for a short while. Nobody is asked when nobody wants to know.
final class NodeUsageCollector: Sendable {
    private struct Sampled: Sendable {
        var sample: NodeSample
        var at: Timestamp
    }
    private struct Known: Sendable {
        var old: Sampled
        var new: Sampled
    }

    /// Figures this young are good enough.
    private static let ageMax = Duration.seconds(10)
    /// What was used longer ago says little of now.
    private static let windowMax = Duration.seconds(120)
    /// Without a sample before, two are taken so far apart.
    private static let leastWindow = Duration.seconds(1)
    private static let answerBytesMax = 64 << 20

    private let known = Mutex<[String: Known]>([:])
    private let now: @Sendable () -> Timestamp
    private let clock: any Clock<Duration>

    init(now: @escaping @Sendable () -> Timestamp, clock: any Clock<Duration>) {
        self.now = now
        self.clock = clock
    }

    /// - Returns: By name, without the nodes that do not answer.
    func usage(of nodes: [JSONObject], _ connector: any BackendConnector) async -> [String: NodeUsageWindow] {
        await withTaskGroup(of: (String, NodeUsageWindow?).self) { group in
            for node in nodes {
                guard let address = try? NodeAddress(node) else { continue }
                group.addTask { (node.name, await self.usage(of: node.name, address, connector)) }
            }
            var all: [String: NodeUsageWindow] = [:]
            for await (name, usage) in group { all[name] = usage }
            return all
        }
    }

    private func usage(of name: String, _ address: NodeAddress, _ connector: any BackendConnector) async -> NodeUsageWindow? {
        let before = known.withLock { $0[name] }
        if let before, now() - before.new.at <= Self.ageMax { return window(before.old, before.new) }
        guard var new = await sample(address, connector) else { return nil }
        var old = before?.new
        if let last = old, new.at - last.at > Self.windowMax { old = nil }
        if old == nil {
            let first = new
            guard (try? await clock.sleep(for: Self.leastWindow)) != nil, let second = await sample(address, connector) else { return nil }
            (old, new) = (first, second)
        }
        guard let old else { return nil }
        let both = Known(old: old, new: new)
        known.withLock { $0[name] = both }
        return window(both.old, both.new)
    }

    private func window(_ old: Sampled, _ new: Sampled) -> NodeUsageWindow {
        NodeUsageWindow(from: old.sample, to: new.sample, end: new.at)
    }

    private func sample(_ address: NodeAddress, _ connector: any BackendConnector) async -> Sampled? {
        let request = BackendRequest(
            host: address.host, port: address.port, security: .kubelet,
            request: APIRequest(path: "/metrics/resource", headers: ["Accept": "*/*", "User-Agent": "kube-apiserver"]))
        guard let answer = try? await connector.send(request), answer.status == 200,
            let bytes = try? await answer.collect(upTo: Self.answerBytesMax)
        else { return nil }
        let time = now()
        let milliseconds = time.nanosecondsSinceEpoch / 1_000_000
        return Sampled(sample: NodeSample(parsing: String(decoding: bytes, as: UTF8.self), now: milliseconds), at: time)
    }
}
