internal import APIMachinery
internal import KubernetesAPI
import Synchronization

/// The aggregated documents as bytes, made when first asked for and again when something else is served.
final class DiscoveryCache: Sendable {
    struct Entry: Sendable {
        var bytes: [UInt8]
        /// Changes whenever the bytes do.
        var hash: String
        var etag: String { "\"\(hash)\"" }
    }
    private let entries = Mutex<[String: Entry]>([:])

    func invalidate() { entries.withLock { $0 = [:] } }

    func entry(_ name: String, _ make: () -> JSONObject) -> Entry { entry(name, bytes: { JSONValue.object(make()).serialized() }) }

    func entry(_ name: String, bytes make: () -> [UInt8]) -> Entry {
        if let entry = entries.withLock({ $0[name] }) { return entry }
        // Two may make it at the same time: the same bytes.
        let bytes = make()
        let entry = Entry(bytes: bytes, hash: OpenAPIDocuments.hash(of: bytes))
        entries.withLock { $0[name] = entry }
        return entry
    }
}
