internal import CMnl

// Reading what the kernel sent. Every length in a message is checked against the bytes that are there before it is used.

/// A message without its header.
struct MessageHeader {
    let type: UInt16
    let flags: UInt16
    let sequence: UInt32
    /// The socket that asked; 0 in notifications.
    let portID: UInt32
}

/// Bytes that cannot be netlink: a length runs past the end or is shorter than its own header.
struct MalformedMessage: Error {}

extension RawSpan {
    /// Reads a trivial value, at any alignment.
    func load<Value: BitwiseCopyable>(_ type: Value.Type, at offset: Int) throws(MalformedMessage) -> Value {
        guard offset >= 0, offset <= byteCount, byteCount - offset >= MemoryLayout<Value>.size else { throw MalformedMessage() }
        // Any bit pattern is a value of the integers and C structures of integers that this file reads.
        return unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: type)
    }

    /// The value when the attribute has exactly its size.
    func exactly<Value: BitwiseCopyable>(_ type: Value.Type) -> Value? {
        byteCount == MemoryLayout<Value>.size ? try? load(type, at: 0) : nil
    }

    var array: [UInt8] { unsafe withUnsafeBytes { unsafe Array($0) } }

    /// The text up to the first zero byte, or all of it; bytes that are no UTF-8 become U+FFFD.
    var text: String { String(decoding: array.prefix { $0 != 0 }, as: UTF8.self) }
}

/// Walks the messages in one datagram. Padding after the last one is ignored.
func forEachMessage(in bytes: RawSpan, _ body: (MessageHeader, RawSpan) throws -> Void) throws {
    var offset = 0
    while bytes.byteCount - offset >= MemoryLayout<nlmsghdr>.size {
        let header = try bytes.load(nlmsghdr.self, at: offset)
        let length = Int(header.nlmsg_len)
        guard length >= MemoryLayout<nlmsghdr>.size, length <= bytes.byteCount - offset else { throw MalformedMessage() }
        let payload = bytes.extracting(offset + MemoryLayout<nlmsghdr>.size..<offset + length)
        let decoded = MessageHeader(
            type: header.nlmsg_type, flags: header.nlmsg_flags, sequence: header.nlmsg_seq, portID: header.nlmsg_pid)
        try body(decoded, payload)
        offset += aligned(length)
    }
    guard bytes.byteCount - offset <= 0 else { throw MalformedMessage() }
}

/// Walks attributes from `start`; `type` comes without the nested and byte order flags.
func forEachAttribute(in bytes: RawSpan, from start: Int = 0, _ body: (Int, RawSpan) throws -> Void) throws {
    guard start <= bytes.byteCount else { throw MalformedMessage() }
    var offset = start
    while bytes.byteCount - offset >= MemoryLayout<nlattr>.size {
        let header = try bytes.load(nlattr.self, at: offset)
        let length = Int(header.nla_len)
        guard length >= MemoryLayout<nlattr>.size, length <= bytes.byteCount - offset else { throw MalformedMessage() }
        let value = bytes.extracting(offset + MemoryLayout<nlattr>.size..<offset + length)
        try body(Int(header.nla_type & 0x3fff), value)  // NLA_TYPE_MASK
        offset += aligned(length)
    }
    guard bytes.byteCount - offset <= 0 else { throw MalformedMessage() }
}

/// `NLMSG_ALIGN`, `NLA_ALIGN`: to the next multiple of four.
func aligned(_ length: Int) -> Int { (length + 3) & ~3 }
