internal import APIMachinery
import Synchronization

/// The webhooks of all configurations of one kind, by the configurations' names. Read anew only when a configuration has changed.
final class WebhookSource: Sendable {
    private struct Cached: Sendable {
        var versions: [String: Int64] = [:]
        var webhooks: [Webhook] = []
    }

    private let plural: String
    private let cached = Mutex(Cached())

    /// - Parameter plural: `mutatingwebhookconfigurations` or `validatingwebhookconfigurations`.
    init(plural: String) { self.plural = plural }

    func webhooks(_ objects: ObjectReader) async throws(Status) -> [Webhook] {
        guard let resource = objects.resource(group: "admissionregistration.k8s.io", plural), let stored = resource.stored else {
            return []
        }
        let items = try await objects.server.items(stored.location, prefix: stored.location.prefix)
        if items.isEmpty { return [] }
        let versions = Dictionary(items.map { ($0.key, $0.modRevision) }, uniquingKeysWith: { $1 })
        if let known = cached.withLock({ $0.versions == versions ? $0.webhooks : nil }) { return known }
        let webhooks = items.map { resource.object($0) }.sorted { $0.name < $1.name }.flatMap { Webhook.webhooks(of: $0) }
        cached.withLock { $0 = Cached(versions: versions, webhooks: webhooks) }
        return webhooks
    }
}
