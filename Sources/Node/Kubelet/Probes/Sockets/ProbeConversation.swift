/// What is said on one connection of a probe. A pure value: bytes in, bytes or an answer out.
protocol ProbeConversation: Sendable {
    /// The connection stands.
    mutating func begin() -> ConversationStep
    mutating func receive(_ bytes: ArraySlice<UInt8>) -> ConversationStep
    /// The other side will say no more.
    mutating func end() -> ConversationStep
    /// Something has been heard of the answer already: what goes wrong now is a fault of its reading.
    var hasBegunToAnswer: Bool { get }
}

enum ConversationStep: Sendable {
    /// Send this, which may be nothing, and listen on.
    case goOn([UInt8])
    case done(ProbeAnswer)
}

/// What the other side has said.
package enum ProbeAnswer: Sendable, Hashable {
    /// It has taken the connection.
    case connected
    case http(ProbeHTTPAnswer)
    case health(GRPCHealthAnswer)
    /// Nothing that makes sense.
    case malformed(String)
}

/// Takes the connection and says nothing.
struct ConnectOnly: ProbeConversation {
    mutating func begin() -> ConversationStep { .done(.connected) }
    mutating func receive(_ bytes: ArraySlice<UInt8>) -> ConversationStep { .done(.connected) }
    mutating func end() -> ConversationStep { .done(.connected) }
    var hasBegunToAnswer: Bool { false }
}

/// Why there is no answer, in Go's words: `dial tcp 10.0.0.2:80: connect: connection refused`.
package struct ProbeSocketFailure: Error, Sendable, Hashable {
    package enum Stage: Sendable, Hashable { case connecting, waiting, reading }
    var stage: Stage
    var isTimeout = false
    var text: String
}
