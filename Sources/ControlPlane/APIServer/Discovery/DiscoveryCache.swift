internal import APIMachinery
import Synchronization

/// The aggregated documents as bytes, made when first asked for and again when something else is served.
final class DiscoveryCache: Sendable {
    struct Entry: Sendable {
        var bytes: [UInt8]
        var etag: String
    }
    private let entries = Mutex<[String: Entry]>([:])

    func invalidate() { entries.withLock { $0 = [:] } }

    func entry(_ name: String, _ make: () -> JSONObject) -> Entry {
        if let entry = entries.withLock({ $0[name] }) { return entry }
        // Two may make it at the same time: the same bytes.
        let bytes = JSONValue.object(make()).serialized()
        var hash = (low: UInt64(0xcbf2_9ce4_8422_2325), high: UInt64(0x9e37_79b9_7f4a_7c15))
        for byte in bytes {
            hash.low = (hash.low ^ UInt64(byte)) &* 0x100_0000_01b3
            hash.high = (hash.high &+ hash.low) &* 0x100_0000_01b3
        }
        let entry = Entry(bytes: bytes, etag: "\"\(String(hash.low, radix: 16))\(String(hash.high, radix: 16))\"")
        entries.withLock { $0[name] = entry }
        return entry
    }
}
