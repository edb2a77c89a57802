internal import APIMachinery
internal import Storage
import Synchronization

/// Which addresses and node ports the stored services have, kept up to date from the store's changes: a write of one service reads no other.
final class ServiceIndex: Sendable {
    /// What one service has.
    struct Use: Sendable {
        var addresses: [String] = []
        var ports: [Int] = []

        init() {}

        init(_ service: JSONObject) {
            addresses = (service["spec"]?["clusterIPs"]?.arrayValue ?? []).compactMap(\.stringValue).filter { $0 != "None" }
            ports = (service["spec"]?["ports"]?.arrayValue ?? []).compactMap { $0["nodePort"]?.integerValue }.map { Int($0) }
            if let port = service["spec"]?["healthCheckNodePort"]?.integerValue { ports.append(Int(port)) }
            // Two ports of one service may share a number, one for each protocol.
            ports = Array(Set(ports))
        }
    }

    private struct State {
        /// Up to which the changes are in; nil before the first.
        var revision: Int64?
        var byKey: [String: Use] = [:]
        var addresses: [String: Int] = [:]
        var ports: [Int: Int] = [:]

        mutating func set(_ use: Use?, _ key: String) {
            if let old = byKey.removeValue(forKey: key) {
                for address in old.addresses { addresses[address, default: 1] -= 1 }
                for port in old.ports { ports[port, default: 1] -= 1 }
            }
            guard let use else { return }
            byKey[key] = use
            for address in use.addresses { addresses[address, default: 0] += 1 }
            for port in use.ports { ports[port, default: 0] += 1 }
        }
    }
    private let state = Mutex(State())

    init() {}

    /// Takes in what has changed since the last time.
    func refresh(_ objects: ObjectReader) async throws(Status) {
        let known = state.withLock { $0.revision }
        let news = try await objects.news("services", after: known)
        state.withLock { state in
            // Somebody else has taken in at least as much meanwhile.
            if let revision = state.revision, revision != known, revision >= news.revision { return }
            if news.isWhole { state = State() }
            for (key, object) in news.objects { state.set(object.map { Use($0) }, key) }
            state.revision = max(news.revision, state.revision ?? 0)
        }
    }

    func isTaken(address: String, except key: String) -> Bool {
        state.withLock { ($0.addresses[address] ?? 0) > ($0.byKey[key]?.addresses.contains(address) == true ? 1 : 0) }
    }

    func isTaken(port: Int, except key: String) -> Bool {
        state.withLock { ($0.ports[port] ?? 0) > ($0.byKey[key]?.ports.contains(port) == true ? 1 : 0) }
    }
}

extension ObjectReader {
    /// What has become of a resource's objects.
    struct News: Sendable {
        /// By key, in order; nil for an object that is gone.
        var objects: [(key: String, object: JSONObject?)] = []
        /// Everything there is, not only what has changed.
        var isWhole = false
        /// Up to which it tells.
        var revision: Int64 = 0
    }

    /// - Parameter revision: What is known already; nil for nothing.
    func news(group: String = "", _ plural: String, after revision: Int64?) async throws(Status) -> News {
        guard let resource = resource(group: group, plural), let location = resource.stored?.location else { return News() }
        do throws(StorageError) {
            return try await server.view.read(location) { part, current in
                if let revision, let changes = part.recent.changes(after: revision) {
                    var news = News(revision: current)
                    for change in changes {
                        let object = change.kind == .deleted ? JSONObject?.none : resource.object(change.item)
                        news.objects.append((change.item.key, object))
                    }
                    return news
                }
                var objects: [(key: String, object: JSONObject?)] = []
                _ = part.index.forEach(prefix: location.prefix, after: nil) {
                    objects.append(($0.key, resource.object($0)))
                    return true
                }
                return News(objects: objects, isWhole: true, revision: current)
            }
        } catch {
            throw Status(error, "read \(location.prefix)")
        }
    }
}
