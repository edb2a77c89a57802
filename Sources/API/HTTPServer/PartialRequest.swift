internal import APIMachinery
internal import NIOCore
import Synchronization

/// A request that is being received.
struct PartialRequest {
    private(set) var request: APIRequest
    let traits: RequestTraits
    private let shared: ServerShared

    /// - Throws: `Refusal` for a target that is too long or no path, or a body that is announced as too large.
    init(
        method: String, target: String, headers: HTTPHeaders, traits: RequestTraits, contentLength: Int?, shared: ServerShared
    ) throws(RefusalError) {
        let limits = shared.configuration.limits
        guard target.utf8.count <= limits.urlBytes else { throw RefusalError(.urlTooLong) }
        guard let target = RequestTarget(target) else { throw RefusalError(.malformed) }
        if let contentLength, contentLength > limits.bodyBytes {
            throw RefusalError(.bodyTooLarge(limitBytes: limits.bodyBytes))
        }
        request = APIRequest(
            method: traits.isHead ? "GET" : method, path: target.path, query: target.query, headers: headers)
        if let contentLength { request.body.reserveCapacity(min(contentLength, 64 << 10)) }
        self.traits = traits
        self.shared = shared
    }

    /// - Throws: `Refusal` when the body, or the bodies of all clients together, become too large.
    mutating func append(_ bytes: ByteBuffer) throws(RefusalError) {
        let limits = shared.configuration.limits
        guard request.body.count + bytes.readableBytes <= limits.bodyBytes else {
            throw RefusalError(.bodyTooLarge(limitBytes: limits.bodyBytes))
        }
        let inTransit = shared.bodyBytesInTransit.add(bytes.readableBytes, ordering: .relaxed).newValue
        request.body.append(contentsOf: bytes.readableBytesView)
        guard inTransit <= limits.bodyBytesInTransit else { throw RefusalError(.overloaded) }
    }

    /// It has arrived, or is given up. Must be called once.
    func release() { shared.bodyBytesInTransit.subtract(request.body.count, ordering: .relaxed) }
}

struct RefusalError: Error {
    let refusal: Refusal
    init(_ refusal: Refusal) { self.refusal = refusal }
}
