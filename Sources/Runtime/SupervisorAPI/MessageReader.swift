/// Why bytes are not a message.
package enum MalformedMessage: UInt8, Error, Equatable, Sendable {
    case cut, notAMessage, tooLong, wrongLength, unknownFlags, badValue, badName, badChecksum, tooMany
}

/// Takes fields from the front of bytes that came from outside: every length is checked before it is used.
package struct MessageReader {
    private let bytes: [UInt8]
    private var offset: Int

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
        offset = 0
    }

    package var remaining: Int { bytes.count - offset }

    package mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type) throws(MalformedMessage) -> Value {
        let width = Value.bitWidth / 8
        guard remaining >= width else { throw .cut }
        var value: UInt64 = 0
        for index in 0..<width { value |= UInt64(bytes[offset + index]) << UInt64(8 * index) }
        offset += width
        return Value(truncatingIfNeeded: value)
    }

    package mutating func uint8() throws(MalformedMessage) -> UInt8 { try integer(UInt8.self) }
    package mutating func uint16() throws(MalformedMessage) -> UInt16 { try integer(UInt16.self) }
    package mutating func uint32() throws(MalformedMessage) -> UInt32 { try integer(UInt32.self) }
    package mutating func uint64() throws(MalformedMessage) -> UInt64 { try integer(UInt64.self) }
    package mutating func int32() throws(MalformedMessage) -> Int32 { try integer(Int32.self) }
    package mutating func int64() throws(MalformedMessage) -> Int64 { try integer(Int64.self) }

    package mutating func bool() throws(MalformedMessage) -> Bool {
        let value = try uint8()
        guard value <= 1 else { throw .badValue }
        return value == 1
    }

    package mutating func byteString(limit: Int = MessageHeader.bodyLimit) throws(MalformedMessage) -> [UInt8] {
        let count = Int(try uint32())
        guard count <= limit else { throw .tooLong }
        guard count <= remaining else { throw .cut }
        let start = offset
        offset += count
        return [UInt8](bytes[start..<offset])
    }

    /// A byte string that becomes a C string: without NUL.
    package mutating func text(limit: Int) throws(MalformedMessage) -> [UInt8] {
        let value = try byteString(limit: limit)
        for byte in value where byte == 0 { throw .badValue }
        return value
    }

    /// The number of elements that follow, each at least `elementSize` bytes: a lie about it cannot make anyone allocate much.
    package mutating func count(elementSize: Int, limit: Int) throws(MalformedMessage) -> Int {
        let count = Int(try uint32())
        guard count <= limit else { throw .tooMany }
        guard count * elementSize <= remaining else { throw .cut }
        return count
    }

    /// The identity of a process: `[A-Za-z0-9][A-Za-z0-9_.-]{0,127}`, since it names files too.
    package mutating func processID() throws(MalformedMessage) -> [UInt8] {
        let value = try byteString(limit: ProcessID.lengthLimit)
        guard ProcessID.isValid(value) else { throw .badName }
        return value
    }
}

/// The rule for names of processes.
package enum ProcessID {
    package static let lengthLimit = 128

    package static func isValid(_ name: [UInt8]) -> Bool {
        guard let first = name.first, name.count <= lengthLimit, isLetterOrDigit(first) else { return false }
        for byte in name where !isLetterOrDigit(byte) && byte != 0x2d && byte != 0x2e && byte != 0x5f { return false }
        return true
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
    }
}
