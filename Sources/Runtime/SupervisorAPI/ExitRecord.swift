/// The file `exits/<id>` in a supervisor's directory: how a process ended, for whoever comes when the supervisor is gone.
///
/// `"SWXR" | version u16 | length u16 | ProcessExit | FNV-1a of everything before, u64`. A cut or damaged file does not decode.
package struct ExitRecord: Equatable, Sendable {
    package static let magic: UInt32 = 0x5258_5753
    package static let version: UInt16 = 1
    /// A record is never longer.
    package static let sizeLimit = 512

    package var exit: ProcessExit

    package init(_ exit: ProcessExit) { self.exit = exit }

    package func encoded() -> [UInt8] {
        let body = MessageWriter.body(exit)
        var writer = MessageWriter(capacity: body.count + 16)
        writer.put(Self.magic)
        writer.put(Self.version)
        writer.put(UInt16(body.count))
        for byte in body { writer.put(byte) }
        writer.put(Self.checksum(writer.bytes, count: writer.bytes.count))
        return writer.bytes
    }

    package init(decoding bytes: [UInt8]) throws(MalformedMessage) {
        guard bytes.count <= Self.sizeLimit else { throw .tooLong }
        guard bytes.count >= 16 else { throw .cut }
        var trailer = MessageReader([UInt8](bytes[(bytes.count - 8)...]))
        var reader = MessageReader([UInt8](bytes[..<(bytes.count - 8)]))
        guard try reader.uint32() == Self.magic else { throw .notAMessage }
        guard try reader.uint16() >= Self.version else { throw .badValue }
        guard Int(try reader.uint16()) == reader.remaining else { throw .wrongLength }
        guard try trailer.uint64() == Self.checksum(bytes, count: bytes.count - 8) else { throw .badChecksum }
        exit = try ProcessExit(from: &reader)
    }

    /// FNV-1a, 64 bits: against torn and mistaken files, not against an enemy.
    private static func checksum(_ bytes: [UInt8], count: Int) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for index in 0..<count { hash = (hash ^ UInt64(bytes[index])) &* 0x0000_0100_0000_01b3 }
        return hash
    }
}
