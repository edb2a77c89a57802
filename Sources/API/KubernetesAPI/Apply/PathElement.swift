package import APIMachinery

/// One step into an object, as server-side apply names fields.
package enum PathElement: Hashable, Sendable {
    /// A member of a structure or map: `f:spec`.
    case field(String)
    /// An item of a list map by its keys: `k:{"name":"web"}`.
    case key(ItemKey)
    /// An item of a set: `v:"a"`.
    case value(JSONValue)
    /// An item of another list by its place: `i:0`.
    case index(Int)
}

/// The keys of a list map's item with their values, ordered by name.
package struct ItemKey: Hashable, Sendable {
    package struct Part: Hashable, Sendable {
        package let name: String
        package let value: JSONValue

        package init(name: String, value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    package let parts: [Part]

    package init(_ parts: [Part]) {
        self.parts = parts.count < 2 ? parts : parts.sorted { $0.name < $1.name }
    }
}

extension PathElement: Comparable {
    /// Fields come first, then keys, values and indexes, each in their own order.
    package static func < (left: PathElement, right: PathElement) -> Bool { left.compare(right) < 0 }

    /// - Returns: Less than, equal to or greater than 0.
    func compare(_ other: PathElement) -> Int {
        switch (self, other) {
        case (.field(let left), .field(let right)): left == right ? 0 : (left < right ? -1 : 1)
        case (.key(let left), .key(let right)): left.compare(right)
        case (.value(let left), .value(let right)): left.compareScalar(right)
        case (.index(let left), .index(let right)): left - right
        default: rank - other.rank
        }
    }

    private var rank: Int {
        switch self {
        case .field: 0
        case .key: 1
        case .value: 2
        case .index: 3
        }
    }
}

extension ItemKey {
    func compare(_ other: ItemKey) -> Int {
        for (left, right) in zip(parts, other.parts) {
            if left.name != right.name { return left.name < right.name ? -1 : 1 }
            let order = left.value.compareScalar(right.value)
            if order != 0 { return order }
        }
        return parts.count - other.parts.count
    }
}

extension JSONValue {
    /// Numbers come before strings, these before booleans, these before all else.
    func compareScalar(_ other: JSONValue) -> Int {
        switch (self, other) {
        case (.string(let left), .string(let right)): return left == right ? 0 : (left < right ? -1 : 1)
        case (.integer(let left), .integer(let right)): return left == right ? 0 : (left < right ? -1 : 1)
        case (.bool(let left), .bool(let right)): return left == right ? 0 : (left ? 1 : -1)
        default:
            if let left = doubleValue, let right = other.doubleValue {
                return left == right ? 0 : (left < right ? -1 : 1)
            }
            if scalarRank != other.scalarRank { return scalarRank - other.scalarRank }
            let (left, right) = (serializedText(), other.serializedText())
            return left == right ? 0 : (left < right ? -1 : 1)
        }
    }

    private var scalarRank: Int {
        switch self {
        case .integer, .number: 0
        case .string: 1
        case .bool: 2
        case .array: 3
        case .object: 4
        case .null: 5
        }
    }
}

extension PathElement: CustomStringConvertible {
    /// As conflicts and errors name it: `.spec`, `[name="web"]`, `[="a"]`, `[0]`.
    package var description: String {
        switch self {
        case .field(let name): ".\(name)"
        case .key(let key): "[\(key.parts.map { "\($0.name)=\($0.value.scalarText)" }.joined(separator: ","))]"
        case .value(let value): "[=\(value.scalarText)]"
        case .index(let index): "[\(index)]"
        }
    }
}

extension JSONValue {
    fileprivate var scalarText: String {
        if case .string(let text) = self { text.quoted } else { serializedText() }
    }
}

extension PathElement {
    /// The element as a key of `fieldsV1`.
    var serializedKey: String {
        switch self {
        case .field(let name): "f:" + name
        case .key(let key):
            "k:"
                + JSONValue.object(
                    JSONObject(members: key.parts.map { .init(key: $0.name, value: $0.value) })
                ).serializedText()
        case .value(let value): "v:" + value.serializedText()
        case .index(let index): "i:\(index)"
        }
    }

    /// Reads a key of `fieldsV1`; nil for a form that is not known, which upstream passes over too.
    init?(serializedKey text: String) throws(FieldSetError) {
        guard text.utf8.count >= 2, text.utf8[text.utf8.index(after: text.utf8.startIndex)] == UInt8(ascii: ":") else {
            throw FieldSetError(key: text, reason: "must be one letter, a colon and a value")
        }
        let body = String(text.utf8.dropFirst(2)) ?? ""
        switch text.utf8.first {
        case UInt8(ascii: "f"): self = .field(body)
        case UInt8(ascii: "i"):
            guard let index = Int(body) else { throw FieldSetError(key: text, reason: "the index is no number") }
            self = .index(index)
        case UInt8(ascii: "v"):
            guard let value = try? JSONValue(parsing: body) else {
                throw FieldSetError(key: text, reason: "the value is no JSON")
            }
            self = .value(value)
        case UInt8(ascii: "k"):
            guard let object = (try? JSONValue(parsing: body))?.objectValue, !object.isEmpty else {
                throw FieldSetError(key: text, reason: "the keys are no JSON object")
            }
            self = .key(ItemKey(object.members.map { ItemKey.Part(name: $0.key, value: $0.value) }))
        default: return nil
        }
    }
}

/// `fieldsV1` that cannot be read.
package struct FieldSetError: Error, Hashable, CustomStringConvertible {
    package let key: String
    package let reason: String
    package var description: String { "fieldsV1: key \(key.quoted): \(reason)" }
}
