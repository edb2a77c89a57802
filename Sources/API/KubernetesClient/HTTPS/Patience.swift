internal import APIMachinery
internal import HTTPClient
internal import NIOCore

/// How long a server may be silent until its answer counts as lost: it may have been stopped, or cut off without a word.
struct Patience {
    var head: TimeAmount
    /// nil: for ever.
    var body: TimeAmount?
    /// The limit is on the whole body rather than on each silence in it.
    var isForWholeBody = false

    /// A watch ends by itself after `timeoutSeconds`; other streams end when they end.
    init(for request: APIRequest, silenceMax: Duration) {
        head = TimeAmount(silenceMax)
        guard ["watch", "follow"].contains(where: { ["true", "1"].contains(request.parameter($0) ?? "") }) else {
            body = head
            return
        }
        guard let seconds = request.parameter("timeoutSeconds").flatMap({ Int64($0) }), (1...1 << 30).contains(seconds) else { return }
        body = .seconds(seconds) + head
        isForWholeBody = true
    }
}
