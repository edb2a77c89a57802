internal import APIMachinery

/// Reads messages as JSON objects. Fields that are not known are passed over; of a field that stands twice the later
/// counts.
struct ProtobufReader {
    private let schema: ProtobufSchema
    private let bytes: [UInt8]
    private var position: Int
    private var end: Int
    private var depth: Int

    /// JSON schemas nest deepest; no sane one reaches this.
    static let maxDepth = 100

    init(schema: ProtobufSchema, bytes: [UInt8], range: Range<Int>? = nil, depth: Int = 0) {
        self.schema = schema
        self.bytes = bytes
        position = range?.lowerBound ?? 0
        end = range?.upperBound ?? bytes.count
        self.depth = depth
    }

    var isAtEnd: Bool { position >= end }

    func error(_ reason: ProtobufError.Reason) -> ProtobufError { ProtobufError(reason: reason, offset: position) }
}

// MARK: - The wire

extension ProtobufReader {
    enum WireType: UInt64 { case varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 }

    mutating func readVarint() throws(ProtobufError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < end {
            let byte = bytes[position]
            position += 1
            if shift == 63, byte > 1 { throw error(.malformedVarint) }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
            if shift > 63 { throw error(.malformedVarint) }
        }
        throw error(.truncated)
    }

    mutating func readTag() throws(ProtobufError) -> (number: Int, type: WireType) {
        let tag = try readVarint()
        guard let type = WireType(rawValue: tag & 7), case let number = tag >> 3, number > 0, number < 1 << 29 else {
            throw error(.invalidTag)
        }
        return (Int(number), type)
    }

    /// - Returns: Where the bytes of the field stand.
    mutating func readBytes() throws(ProtobufError) -> Range<Int> {
        let count = try readVarint()
        guard count <= UInt64(end - position) else { throw error(.truncated) }
        let start = position
        position += Int(count)
        return start..<position
    }

    mutating func skip(_ type: WireType) throws(ProtobufError) {
        switch type {
        case .varint: _ = try readVarint()
        case .bytes: _ = try readBytes()
        case .fixed64: try skip(8)
        case .fixed32: try skip(4)
        }
    }

    private mutating func skip(_ count: Int) throws(ProtobufError) {
        guard end - position >= count else { throw error(.truncated) }
        position += count
    }

    mutating func readFixed64() throws(ProtobufError) -> UInt64 {
        let start = position
        try skip(8)
        var value: UInt64 = 0
        for offset in 0..<8 { value |= UInt64(bytes[start + offset]) << UInt64(8 * offset) }
        return value
    }

    mutating func readText() throws(ProtobufError) -> String {
        let range = try readBytes()
        guard let text = String(validating: bytes[range], as: UTF8.self) else { throw error(.invalidText) }
        return text
    }

    func require(_ type: WireType, _ expected: WireType) throws(ProtobufError) {
        if type != expected { throw error(.wrongWireType) }
    }

    /// Reads a message field by field.
    mutating func readNested(
        _ each: (inout ProtobufReader, _ number: Int, WireType) throws(ProtobufError) -> Void
    ) throws(ProtobufError) {
        let range = try readBytes()
        guard depth < Self.maxDepth else { throw error(.tooDeep) }
        var inner = self
        inner.position = range.lowerBound
        inner.end = range.upperBound
        inner.depth += 1
        while !inner.isAtEnd {
            let (number, type) = try inner.readTag()
            try each(&inner, number, type)
        }
    }
}

// MARK: - Messages

extension ProtobufReader {
    /// Reads what is left as a message.
    mutating func readMessage(_ index: ProtobufSchema.MessageIndex) throws(ProtobufError) -> JSONObject {
        let message = schema.messages[index]
        var values = [Value](repeating: .absent, count: message.fields.count)
        while !isAtEnd {
            let (number, type) = try readTag()
            guard let field = message.index(ofNumber: number) else {
                try skip(type)
                continue
            }
            try read(message.fields[field], type, into: &values[field])
        }
        var object = JSONObject()
        for (field, value) in zip(message.fields, values) { Self.add(value, field, to: &object) }
        return object
    }

    /// What has been read of a field.
    private enum Value {
        case absent
        case single(JSONValue)
        case list([JSONValue])
        case map([JSONObject.Member], indexes: [String: Int])
    }

    private static func add(_ value: Value, _ field: ProtobufSchema.Field, to object: inout JSONObject) {
        switch value {
        case .absent:
            if field.isRequired, field.isRepeated, field.name == "items" { object.append(field.name, []) }
        case .single(.object(let inner)) where field.name.isEmpty:
            for member in inner.members { object.append(member.key, member.value) }
        case .single(let value):
            let isKept = field.isPointer || field.isRequired || !isZero(value)
            if isKept, !value.isNull { object.append(field.name, value) }
        case .list(let items): object.append(field.name, .array(items))
        case .map(let members, _): object.append(field.name, .object(JSONObject(members: members)))
        }
    }

    /// Whether Go's JSON leaves the value out. It keeps structures, empty or not.
    private static func isZero(_ value: JSONValue) -> Bool {
        switch value {
        case .null, .bool(false), .integer(0), .string(""): true
        case .number(let number): number.doubleValue == 0
        default: false
        }
    }

    private mutating func read(
        _ field: ProtobufSchema.Field, _ type: WireType, into value: inout Value
    ) throws(ProtobufError) {
        if case .map(let element) = field.kind {
            try require(type, .bytes)
            return try readEntry(of: element, into: &value)
        }
        guard field.isRepeated else {
            value = .single(try read(field.kind, type))
            return
        }
        var items: [JSONValue] = []
        if case .list(let known) = value { items = known }
        value = .absent  // gives up the reference, so that the list grows in place
        if type == .bytes, field.kind.isPackable {
            try readPacked(field.kind, into: &items)
        } else {
            items.append(try read(field.kind, type))
        }
        value = .list(items)
    }

    /// Numbers one behind the other, as proto3 code may write them.
    private mutating func readPacked(_ kind: ProtobufSchema.Kind, into items: inout [JSONValue]) throws(ProtobufError) {
        let range = try readBytes()
        var inner = self
        inner.position = range.lowerBound
        inner.end = range.upperBound
        while !inner.isAtEnd { items.append(try inner.read(kind, kind.isFixed64 ? .fixed64 : .varint)) }
    }

    private static let fewKeys = 16

    private mutating func readEntry(
        of kind: ProtobufSchema.Kind, into value: inout Value
    ) throws(ProtobufError) {
        var key = ""
        var element: JSONValue?
        try readNested { (reader, number, type) throws(ProtobufError) in
            switch number {
            case 1:
                try reader.require(type, .bytes)
                key = try reader.readText()
            case 2: element = try reader.read(kind, type)
            default: try reader.skip(type)
            }
        }
        var members: [JSONObject.Member] = []
        var indexes: [String: Int] = [:]
        if case .map(let knownMembers, let knownIndexes) = value { (members, indexes) = (knownMembers, knownIndexes) }
        value = .absent  // as above
        let member = JSONObject.Member(key: key, value: element ?? kind.emptyValue)
        // Few keys are looked through; of many the places are kept.
        if members.count == Self.fewKeys {
            indexes = Dictionary(uniqueKeysWithValues: members.indices.map { (members[$0].key, $0) })
        }
        let known = members.count < Self.fewKeys ? members.firstIndex { $0.key == key } : indexes[key]
        if let known {
            members[known] = member
        } else {
            if members.count >= Self.fewKeys { indexes[key] = members.count }
            members.append(member)
        }
        value = .map(members, indexes: indexes)
    }

    private mutating func read(_ kind: ProtobufSchema.Kind, _ type: WireType) throws(ProtobufError) -> JSONValue {
        switch kind {
        case .int32, .int64, .bool:
            try require(type, .varint)
            let value = try readVarint()
            if case .bool = kind { return .bool(value != 0) }
            if case .int32 = kind { return .integer(Int64(Int32(truncatingIfNeeded: value))) }
            return .integer(Int64(bitPattern: value))
        case .double:
            try require(type, .fixed64)
            let value = Double(bitPattern: try readFixed64())
            if let whole = Int64(exactly: value) { return .integer(whole) }
            return JSONNumber(value).map { .number($0) } ?? .null
        default:
            try require(type, .bytes)
            return try readBytes(as: kind)
        }
    }

    private mutating func readBytes(as kind: ProtobufSchema.Kind) throws(ProtobufError) -> JSONValue {
        switch kind {
        case .string: return .string(try readText())
        case .bytes: return .string(Base64Data(Array(bytes[try readBytes()])).base64)
        case .time: return try readTime().map { .string($0.description) } ?? .null
        case .microTime: return try readTime().map { .string(MicroTimestamp($0).description) } ?? .null
        case .quantity:
            var text = ""
            try readNested { (reader, number, type) throws(ProtobufError) in
                guard number == 1, type == .bytes else { return try reader.skip(type) }
                text = try reader.readText()
            }
            return .string(text.isEmpty ? "0" : text)
        case .intOrString: return try readIntOrString()
        case .raw: return try readRaw()
        case .message(let index), .inlined(let index):
            let range = try readBytes()
            guard depth < Self.maxDepth else { throw error(.tooDeep) }
            var inner = self
            inner.position = range.lowerBound
            inner.end = range.upperBound
            inner.depth += 1
            return .object(try inner.readMessage(index))
        case .texts:
            var texts: [JSONValue] = []
            try readNested { (reader, number, type) throws(ProtobufError) in
                guard number == 1, type == .bytes else { return try reader.skip(type) }
                texts.append(.string(try reader.readText()))
            }
            return .array(texts)
        case .schemaOrBool, .schemaOrArray, .schemaOrTexts: return try readSchemaChoice(kind)
        case .int32, .int64, .bool, .double, .map: throw error(.wrongWireType)
        }
    }

    /// - Returns: Nil for the zero time, an empty message.
    private mutating func readTime() throws(ProtobufError) -> Timestamp? {
        var time: (seconds: Int64, nanoseconds: Int64)?
        try readNested { (reader, number, type) throws(ProtobufError) in
            guard number == 1 || number == 2, type == .varint else { return try reader.skip(type) }
            let value = Int64(bitPattern: try reader.readVarint())
            time = (number == 1 ? value : time?.seconds ?? 0, number == 2 ? value : time?.nanoseconds ?? 0)
        }
        // Years of four digits only, as RFC 3339 and Go's JSON allow.
        guard let time, (-62_135_596_800...253_402_300_799).contains(time.seconds), (0..<1_000_000_000).contains(time.nanoseconds)
        else { return nil }
        return Timestamp(seconds: time.seconds, nanoseconds: time.nanoseconds)
    }

    private mutating func readIntOrString() throws(ProtobufError) -> JSONValue {
        var isText = false
        var number: Int64 = 0
        var text = ""
        try readNested { (reader, field, type) throws(ProtobufError) in
            switch (field, type) {
            case (1, .varint): isText = try reader.readVarint() == 1
            case (2, .varint): number = Int64(Int32(truncatingIfNeeded: try reader.readVarint()))
            case (3, .bytes): text = try reader.readText()
            default: try reader.skip(type)
            }
        }
        return isText ? .string(text) : .integer(number)
    }

    /// JSON text, or an object in its own envelope.
    private mutating func readRaw() throws(ProtobufError) -> JSONValue {
        var value = JSONValue.null
        let schema = schema
        let bytes = bytes
        try readNested { (reader, number, type) throws(ProtobufError) in
            guard number == 1, type == .bytes else { return try reader.skip(type) }
            let range = try reader.readBytes()
            if range.isEmpty { return }
            if ProtobufTranscoder.hasEnvelope(bytes, at: range.lowerBound, end: range.upperBound) {
                var inner = ProtobufReader(schema: schema, bytes: bytes, range: range, depth: reader.depth)
                value = .object(try inner.readEnvelope())
                return
            }
            value = try reader.readJSON(range)
        }
        return value
    }

    private func readJSON(_ range: Range<Int>) throws(ProtobufError) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue(parsing: Array(bytes[range]))
        } catch {
            throw self.error(.invalidJSON("\(error)"))
        }
    }

    private mutating func readSchemaChoice(_ kind: ProtobufSchema.Kind) throws(ProtobufError) -> JSONValue {
        var allows = false
        var schema: JSONValue?
        var list: [JSONValue] = []
        try readNested { (reader, number, type) throws(ProtobufError) in
            switch (kind, number, type) {
            case (.schemaOrBool, 1, .varint): allows = try reader.readVarint() != 0
            case (.schemaOrBool(let index), 2, .bytes), (.schemaOrArray(let index), 1, .bytes),
                (.schemaOrTexts(let index), 1, .bytes):
                schema = try reader.read(.message(index), type)
            case (.schemaOrArray(let index), 2, .bytes): list.append(try reader.read(.message(index), type))
            case (.schemaOrTexts, 2, .bytes): list.append(.string(try reader.readText()))
            default: try reader.skip(type)
            }
        }
        if let schema { return schema }
        if case .schemaOrBool = kind { return .bool(allows) }
        return .array(list)
    }

    /// Reads `k8s\0` and the message behind it.
    mutating func readEnvelope() throws(ProtobufError) -> JSONObject {
        guard ProtobufTranscoder.hasEnvelope(bytes, at: position, end: end) else { throw error(.noEnvelope) }
        guard depth < Self.maxDepth else { throw error(.tooDeep) }
        depth += 1
        position += ProtobufTranscoder.magic.count
        var apiVersion = ""
        var kind = ""
        var raw = position..<position
        var contentType = ""
        while !isAtEnd {
            let (number, type) = try readTag()
            switch (number, type) {
            case (1, .bytes):
                try readNested { (reader, number, type) throws(ProtobufError) in
                    switch (number, type) {
                    case (1, .bytes): apiVersion = try reader.readText()
                    case (2, .bytes): kind = try reader.readText()
                    default: try reader.skip(type)
                    }
                }
            case (2, .bytes): raw = try readBytes()
            case (3, .bytes):
                let encoding = try readText()
                if !encoding.isEmpty { throw error(.encoded(encoding)) }
            case (4, .bytes): contentType = try readText()
            default: try skip(type)
            }
        }
        return try readObject(GroupVersionKind(apiVersion: apiVersion, kind: kind), raw, contentType)
    }

    private func readObject(
        _ kind: GroupVersionKind, _ raw: Range<Int>, _ contentType: String
    ) throws(ProtobufError) -> JSONObject {
        var object: JSONObject = ["apiVersion": .string(kind.apiVersion), "kind": .string(kind.kind)]
        switch contentType {
        case "", ProtobufTranscoder.contentType:
            guard let index = schema.message(for: kind) else { throw error(.unknownKind(kind.description)) }
            var reader = ProtobufReader(schema: schema, bytes: bytes, range: raw, depth: depth)
            for member in try reader.readMessage(index).members { object.append(member.key, member.value) }
        case "application/json":
            guard case .object(let json) = try readJSON(raw) else { throw error(.invalidJSON("it is no object")) }
            for member in json.members where member.key != "apiVersion" && member.key != "kind" {
                object.append(member.key, member.value)
            }
        default: throw error(.contentType(contentType))
        }
        return object
    }
}

extension ProtobufSchema.Kind {
    fileprivate var isPackable: Bool {
        switch self {
        case .int32, .int64, .bool, .double: true
        default: false
        }
    }

    fileprivate var isFixed64: Bool { if case .double = self { true } else { false } }

    /// Of a map's entry that has none.
    fileprivate var emptyValue: JSONValue {
        switch self {
        case .string, .bytes: ""
        case .int32, .int64, .double: 0
        case .bool: false
        case .quantity: "0"
        case .texts: []
        case .message: [:]
        default: .null
        }
    }
}
