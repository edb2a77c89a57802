/// A JSON value that loses nothing: members keep their order, numbers outside `Int64` keep their text.
///
/// Two objects are equal when they have the same members in any order.
package enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// A number with a fraction or an exponent, or one too large for `Int64`.
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

/// A number as it was written, for example `1.50` or `1e400`.
package struct JSONNumber: Hashable, Sendable, CustomStringConvertible {
    /// Follows the number grammar of RFC 8259.
    package let text: String

    init(uncheckedText text: String) { self.text = text }

    /// A finite number in the shortest text that reads back as the same `Double`; nil for infinities and NaN.
    package init?(_ value: Double) {
        guard value.isFinite else { return nil }
        self.init(uncheckedText: value.description)
    }

    /// The nearest `Double`; infinite when the number is too large for one.
    package var doubleValue: Double { Double(text) ?? .nan }
    package var description: String { text }
}

extension JSONValue {
    package var isNull: Bool { self == .null }
    package var boolValue: Bool? { if case .bool(let value) = self { value } else { nil } }
    package var stringValue: String? { if case .string(let value) = self { value } else { nil } }
    package var arrayValue: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
    package var objectValue: JSONObject? { if case .object(let value) = self { value } else { nil } }

    /// The number when it is whole and fits, however it was written: `3`, `3.0` and `30e-1` are all 3.
    package var integerValue: Int64? {
        switch self {
        case .integer(let value): value
        case .number(let number): Int64(exactly: number.doubleValue)
        default: nil
        }
    }

    package var doubleValue: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let number): number.doubleValue
        default: nil
        }
    }

    /// What JSON calls a value of this kind: `null`, `boolean`, `integer`, `number`, `string`, `array` or `object`.
    package var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .integer: "integer"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }

    /// A member of an object. Reading anything but an object gives nil; writing turns it into an object first.
    package subscript(key: String) -> JSONValue? {
        get { if case .object(let object) = self { object[key] } else { nil } }
        set {
            var object = JSONObject()
            if case .object(let current) = self { object = current }
            self = .null  // gives up this copy's reference, so that the object below is changed in place
            object[key] = newValue
            self = .object(object)
        }
    }

    /// An element of an array; nil for anything but an array and for an index outside it.
    package subscript(index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral {
    package init(nilLiteral: ()) { self = .null }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    package init(stringLiteral value: String) { self = .string(value) }
}

extension JSONValue: ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(members: elements.map { JSONObject.Member(key: $0.0, value: $0.1) }))
    }
}

extension JSONValue: CustomStringConvertible {
    /// Compact JSON text.
    package var description: String { serializedText() }
}
