/// What a packet is. A number rather than an enum: a newer peer may send types that this build does not know.
package struct MessageType: Equatable, Sendable, RawRepresentable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }
    private init(_ rawValue: UInt16) { self.rawValue = rawValue }

    // Requests
    package static let hello = MessageType(1)
    package static let createNamespaces = MessageType(2)
    package static let namespaces = MessageType(3)
    package static let startProcess = MessageType(4)
    package static let signal = MessageType(5)
    package static let killAll = MessageType(6)
    package static let list = MessageType(7)
    package static let wait = MessageType(8)
    package static let subscribe = MessageType(9)
    package static let attach = MessageType(10)
    package static let resize = MessageType(11)
    package static let closeStdin = MessageType(12)
    package static let reopenLog = MessageType(13)
    package static let setLogPolicy = MessageType(14)
    package static let remove = MessageType(15)
    package static let shutdown = MessageType(16)

    // Events, to connections that subscribed
    package static let processExited = MessageType(0x4001)
    package static let logFailed = MessageType(0x4002)
    package static let recordFailed = MessageType(0x4003)

    /// The answer to a request that was carried out: the request's number with the highest bit set.
    package var reply: MessageType { MessageType(rawValue | 0x8000) }
    /// The answer to a request that was not: a `Refusal`.
    package static let refusal = MessageType(0xffff)
}
