/// Appends fields to the body of a message: fixed-width little-endian integers; byte strings and lists after a u32 count.
package struct MessageWriter {
    package private(set) var bytes: [UInt8] = []

    package init(capacity: Int = 64) { bytes.reserveCapacity(capacity) }

    package mutating func put<Value: FixedWidthInteger>(_ value: Value) {
        var shift = 0
        while shift < Value.bitWidth {
            bytes.append(UInt8(truncatingIfNeeded: value >> Value(shift)))
            if Value.bitWidth == 8 { return }  // a shift of 8 does not fit the next value
            shift += 8
        }
    }

    package mutating func put(_ value: Bool) { bytes.append(value ? 1 : 0) }

    package mutating func put(_ value: [UInt8]) {
        put(UInt32(value.count))
        bytes.append(contentsOf: value)
    }

    package mutating func putCount(_ count: Int) { put(UInt32(count)) }

    /// Encodes one message body.
    package static func body<Body: MessageBody>(_ message: Body) -> [UInt8] {
        var writer = MessageWriter()
        message.write(to: &writer)
        return writer.bytes
    }
}

/// A body that can be written and read. What stands behind the known fields is ignored: a newer peer put it there.
package protocol MessageBody: Sendable {
    func write(to writer: inout MessageWriter)
    init(from reader: inout MessageReader) throws(MalformedMessage)
}

/// A message without fields.
package struct EmptyBody: MessageBody, Equatable {
    package init() {}
    package init(from reader: inout MessageReader) throws(MalformedMessage) {}
    package func write(to writer: inout MessageWriter) {}
}
