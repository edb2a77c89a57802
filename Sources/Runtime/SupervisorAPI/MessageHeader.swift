/// The first 20 bytes of every packet; all numbers little-endian.
///
/// ```
/// magic u32 | version u16 | type u16 | requestID u32 | length u32 | flags u16 | descriptors u16
/// ```
/// A packet is one SOCK_SEQPACKET message: this header, then `length` bytes of body. Descriptors travel with it as SCM_RIGHTS.
package struct MessageHeader: Equatable, Sendable {
    package static let magic: UInt32 = 0x5053_5753  // "SWSP"
    package static let size = 20
    /// A body beyond this many bytes travels in a memory file, the first descriptor of the packet.
    package static let inlineBodyLimit = 64 << 10
    /// The largest body at all: a plan of 4 MiB and what stands around it.
    package static let bodyLimit = (4 << 20) + (64 << 10)

    /// The version the two sides agreed on with hello; hello itself carries 1.
    package var version: UInt16
    package var type: MessageType
    /// Chosen by the client; its reply carries it again. Events carry 0.
    package var requestID: UInt32
    /// Bytes of the body, wherever it is.
    package var length: UInt32
    package var bodyInMemoryFile: Bool
    /// How many descriptors travel with the packet, the memory file included.
    package var descriptors: UInt16

    package init(
        version: UInt16 = SupervisorVersion.newest, type: MessageType, requestID: UInt32, length: UInt32,
        bodyInMemoryFile: Bool = false, descriptors: UInt16 = 0
    ) {
        self.version = version
        self.type = type
        self.requestID = requestID
        self.length = length
        self.bodyInMemoryFile = bodyInMemoryFile
        self.descriptors = descriptors
    }

    package func encoded() -> [UInt8] {
        var writer = MessageWriter(capacity: Self.size)
        writer.put(Self.magic)
        writer.put(version)
        writer.put(type.rawValue)
        writer.put(requestID)
        writer.put(length)
        writer.put(UInt16(bodyInMemoryFile ? 1 : 0))
        writer.put(descriptors)
        return writer.bytes
    }

    /// Reads the header of a packet. The body is what `reader` has left, unless it is in a memory file.
    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        guard try reader.uint32() == Self.magic else { throw MalformedMessage.notAMessage }
        version = try reader.uint16()
        type = MessageType(rawValue: try reader.uint16())
        requestID = try reader.uint32()
        length = try reader.uint32()
        let flags = try reader.uint16()
        guard flags <= 1 else { throw MalformedMessage.unknownFlags }
        bodyInMemoryFile = flags == 1
        descriptors = try reader.uint16()
        guard length <= UInt32(Self.bodyLimit) else { throw MalformedMessage.tooLong }
        guard bodyInMemoryFile ? reader.remaining == 0 && descriptors > 0 : reader.remaining == Int(length) else {
            throw MalformedMessage.wrongLength
        }
    }
}

/// The versions of this protocol that this build speaks. A version adds fields at the end of bodies, and types.
package enum SupervisorVersion {
    package static let oldest: UInt16 = 1
    package static let newest: UInt16 = 1

    /// The newest version that both sides speak, or nil.
    package static func common(minimum: UInt16, maximum: UInt16) -> UInt16? {
        let low = max(minimum, oldest), high = min(maximum, newest)
        return low <= high ? high : nil
    }
}
