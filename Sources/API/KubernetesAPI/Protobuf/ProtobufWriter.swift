internal import APIMachinery

/// Writes JSON objects as the messages that upstream's code would write for them, byte by byte: fields by number,
/// values even when zero, maps by key.
struct ProtobufWriter {
    private let schema: ProtobufSchema
    private(set) var bytes: [UInt8]
    /// For each message that is being written, the member for each of its fields, or -1.
    private var slots: [Int] = []

    init(schema: ProtobufSchema, capacity: Int = 0) {
        self.schema = schema
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Appends bytes as they are.
    mutating func write(_ raw: [UInt8]) { bytes.append(contentsOf: raw) }

    mutating func write(_ object: JSONObject, _ index: ProtobufSchema.MessageIndex) {
        let message = schema.messages[index]
        let members = object.members
        let base = slots.count
        slots.append(contentsOf: repeatElement(-1, count: message.fields.count))
        for position in members.indices {
            if let field = message.index(ofName: members[position].key) { slots[base + field] = position }
        }
        for (position, field) in message.fields.enumerated() {
            let member = slots[base + position]
            if case .inlined(let inner) = field.kind {
                writeNested(field.number) { $0.write(object, inner) }
            } else if member >= 0, !members[member].value.isNullLiteral {
                write(members[member].value, field)
            } else if !field.isPointer, !field.isRepeated {
                writeZero(field)
            }
        }
        slots.removeLast(message.fields.count)
    }

    private mutating func write(_ value: JSONValue, _ field: ProtobufSchema.Field) {
        if case .map(let element) = field.kind {
            if case .object(let object) = value { write(map: object, field.number, element) }
        } else if field.isRepeated {
            guard case .array(let items) = value else { return }
            for item in items { write(item, field.number, field.kind) }
        } else {
            write(value, field.number, field.kind)
        }
    }

    private mutating func write(map object: JSONObject, _ number: Int, _ kind: ProtobufSchema.Kind) {
        var members = object.members
        if members.count > 1 { members.sort { $0.key < $1.key } }
        for member in members {
            writeNested(number) { writer in
                writer.write(text: member.key, 1)
                if member.value.isNullLiteral { writer.writeZero(2, kind) } else { writer.write(member.value, 2, kind) }
            }
        }
    }

    /// A value that JSON holds in another form than the field's is written as zero.
    private mutating func write(_ value: JSONValue, _ number: Int, _ kind: ProtobufSchema.Kind) {
        switch kind {
        case .string: write(text: value.stringValue ?? "", number)
        case .bytes: write(bytes: value.stringValue.flatMap { Base64Data(base64: $0)?.bytes } ?? [], number)
        case .int32, .int64: write(integer: value.integerValue ?? 0, number)
        case .bool: write(integer: value.boolValue == true ? 1 : 0, number)
        case .double: write(double: value.doubleValue ?? 0, number)
        case .time: write(time: value.stringValue.flatMap { Timestamp($0) }?.truncatedToSeconds, number)
        case .microTime:
            let time = value.stringValue.flatMap { Timestamp($0) }
            write(time: time.map { Timestamp(seconds: $0.seconds, nanoseconds: Int64($0.nanoseconds / 1000 * 1000)) }, number)
        case .quantity: writeNested(number) { $0.write(text: Self.quantityText(value), 1) }
        case .intOrString: write(intOrString: value, number)
        case .raw: writeNested(number) { $0.write(bytes: value.serialized(), 1) }
        case .message(let index): writeNested(number) { $0.write(value.objectValue ?? JSONObject(), index) }
        case .texts:
            writeNested(number) { writer in
                for item in value.arrayValue ?? [] { writer.write(text: item.stringValue ?? "", 1) }
            }
        case .schemaOrBool(let schema): write(schemaOrBool: value, number, schema)
        case .schemaOrArray(let schema):
            writeNested(number) { writer in
                if case .array(let schemas) = value {
                    for item in schemas { writer.write(item, 2, .message(schema)) }
                } else {
                    writer.write(value, 1, .message(schema))
                }
            }
        case .schemaOrTexts(let schema):
            writeNested(number) { writer in
                if case .array(let texts) = value {
                    for item in texts { writer.write(text: item.stringValue ?? "", 2) }
                } else {
                    writer.write(value, 1, .message(schema))
                }
            }
        case .inlined, .map: break
        }
    }

    private static func quantityText(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): text
        case .null: "0"
        default: value.serializedText()
        }
    }

    private mutating func write(schemaOrBool value: JSONValue, _ number: Int, _ schema: ProtobufSchema.MessageIndex) {
        writeNested(number) { writer in
            writer.write(integer: value == false ? 0 : 1, 1)
            if case .object(let object) = value { writer.writeNested(2) { $0.write(object, schema) } }
        }
    }

    private mutating func write(intOrString value: JSONValue, _ number: Int) {
        writeNested(number) { writer in
            writer.write(integer: value.stringValue == nil ? 0 : 1, 1)
            writer.write(integer: value.integerValue ?? 0, 2)
            writer.write(text: value.stringValue ?? "", 3)
        }
    }

    private mutating func writeZero(_ field: ProtobufSchema.Field) { writeZero(field.number, field.kind) }

    private mutating func writeZero(_ number: Int, _ kind: ProtobufSchema.Kind) {
        switch kind {
        case .map, .bytes, .inlined: break
        case .raw, .texts: writeNested(number) { _ in }
        default: write(.null, number, kind)
        }
    }
}

// MARK: - The wire

extension ProtobufWriter {
    private enum WireType: Int { case varint = 0, fixed64 = 1, bytes = 2 }

    private mutating func writeTag(_ number: Int, _ type: WireType) {
        write(varint: UInt64(number << 3 | type.rawValue))
    }

    private mutating func write(varint value: UInt64) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }

    mutating func write(integer value: Int64, _ number: Int) {
        writeTag(number, .varint)
        write(varint: UInt64(bitPattern: value))
    }

    private mutating func write(double value: Double, _ number: Int) {
        writeTag(number, .fixed64)
        for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> shift)) }
    }

    mutating func write(text: String, _ number: Int) {
        writeTag(number, .bytes)
        write(varint: UInt64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    mutating func write(bytes content: [UInt8], _ number: Int) {
        writeTag(number, .bytes)
        write(varint: UInt64(content.count))
        bytes.append(contentsOf: content)
    }

    /// - Parameter time: Nil for the zero time, an empty message.
    private mutating func write(time: Timestamp?, _ number: Int) {
        writeNested(number) { writer in
            guard let time else { return }
            writer.write(integer: time.seconds, 1)
            writer.write(integer: Int64(time.nanoseconds), 2)
        }
    }

    /// Writes a message behind its length, for which one byte is kept; a longer one moves the message.
    mutating func writeNested(_ number: Int, _ body: (inout ProtobufWriter) -> Void) {
        writeTag(number, .bytes)
        let start = bytes.count
        bytes.append(0)
        body(&self)
        let count = bytes.count - start - 1
        if count < 0x80 {
            bytes[start] = UInt8(count)
        } else {
            bytes.replaceSubrange(start...start, with: VarintBytes(UInt64(count)))
        }
    }
}

/// The bytes of a varint, without an array.
private struct VarintBytes: RandomAccessCollection {
    private let value: UInt64
    let endIndex: Int
    var startIndex: Int { 0 }

    init(_ value: UInt64) {
        self.value = value
        endIndex = Swift.max(1, (64 - value.leadingZeroBitCount + 6) / 7)
    }

    subscript(index: Int) -> UInt8 {
        let bits = UInt8(truncatingIfNeeded: value >> (7 * UInt64(index))) & 0x7f
        return index == endIndex - 1 ? bits : bits | 0x80
    }
}

extension JSONValue {
    /// As `isNull`, without a comparison of values.
    var isNullLiteral: Bool { if case .null = self { true } else { false } }
}
