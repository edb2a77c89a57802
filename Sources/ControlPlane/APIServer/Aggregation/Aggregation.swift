internal import APIMachinery
internal import Storage
import Synchronization

/// The group versions that other servers serve, and what those have told of them.
final class Aggregation: Sendable {
    static let group = "apiregistration.k8s.io"
    static let plural = "apiservices"
    static let prefix = "/registry/apiregistration.k8s.io/apiservices/"

    private let services: StoredMirror<AggregatedService>
    private let told = Mutex<[String: ExtensionDocuments]>([:])
    private let seenGeneration = Mutex(0)

    init(_ storage: any StorageBackend) async throws(StorageError) {
        services = try await StoredMirror(storage, prefixes: [Self.prefix]) { _, bytes in
            (try? JSONValue(parsing: bytes))?.objectValue.flatMap { AggregatedService($0) }
        }
    }

    /// - Parameter name: `VERSION.GROUP`
    func service(_ name: String) -> AggregatedService? { services[Self.prefix + name] }

    /// Whose the request is; nil when it is this server's own.
    func service(for info: RequestInfo) -> AggregatedService? {
        if info.isResourceRequest {
            guard !info.apiGroup.isEmpty else { return nil }
            return service("\(info.apiVersion).\(info.apiGroup)")
        }
        guard info.path.hasPrefix("/apis/") else { return nil }
        let segments = info.path.split(separator: "/")
        guard segments.count == 3 else { return nil }
        return service("\(segments[2]).\(segments[1])")
    }

    /// By name.
    var all: [AggregatedService] { services.all().values.sorted { $0.name < $1.name } }

    /// Grows with every change of an APIService.
    var generation: Int { services.generation }

    /// Whether APIServices have changed since this was last asked.
    func hasChanged() -> Bool {
        let now = generation
        return seenGeneration.withLock { seen in
            defer { seen = now }
            return seen != now
        }
    }

    /// What a server has told of a group version; nil as long as it has never answered.
    func documents(of name: String) -> ExtensionDocuments? { told.withLock { $0[name] } }

    /// - Returns: Whether that is news.
    func remember(_ documents: ExtensionDocuments?, of name: String) -> Bool {
        told.withLock { told in
            guard told[name] != documents else { return false }
            told[name] = documents
            return true
        }
    }
}

/// What an extension API server tells of one group version.
struct ExtensionDocuments: Hashable, Sendable {
    /// In the form of apidiscovery.k8s.io.
    var resources: [JSONValue] = []
    /// They are what it said when it was last asked.
    var isCurrent = true
    /// Of its document under `/openapi/v3`; nil when it has none.
    var openAPIv3Hash: String?
    /// Its part of `/openapi/v2`; nil when it has none.
    var openAPIv2: JSONValue?
    var openAPIv2Tag: String?
}
