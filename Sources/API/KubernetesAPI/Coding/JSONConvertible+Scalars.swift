package import APIMachinery

/// A scalar whose zero value an API field may use to say "not set".
package protocol ZeroValued: Equatable {
    static var zeroValue: Self { get }
}

extension String: JSONConvertible, ZeroValued {
    package static let zeroValue = ""
    package static func decode(_ json: JSONValue, _ decoder: inout ObjectDecoder) -> String? {
        if case .string(let value) = json { value } else { decoder.mismatch(expected: "string", got: json) }
    }
    package var json: JSONValue { .string(self) }
}

extension Bool: JSONConvertible, ZeroValued {
    package static let zeroValue = false
    package static func decode(_ json: JSONValue, _ decoder: inout ObjectDecoder) -> Bool? {
        if case .bool(let value) = json { value } else { decoder.mismatch(expected: "boolean", got: json) }
    }
    package var json: JSONValue { .bool(self) }
}

extension Int32: JSONConvertible, ZeroValued {
    package static let zeroValue: Int32 = 0
    package static func decode(_ json: JSONValue, _ decoder: inout ObjectDecoder) -> Int32? {
        guard let value = json.integerValue else { return decoder.mismatch(expected: "integer", got: json) }
        guard let narrow = Int32(exactly: value) else {
            return decoder.mismatch(expected: "integer from \(min) to \(max)", got: json)
        }
        return narrow
    }
    package var json: JSONValue { .integer(Int64(self)) }
}

extension Int64: JSONConvertible, ZeroValued {
    package static let zeroValue: Int64 = 0
    package static func decode(_ json: JSONValue, _ decoder: inout ObjectDecoder) -> Int64? {
        json.integerValue ?? decoder.mismatch(expected: "integer", got: json)
    }
    package var json: JSONValue { .integer(self) }
}

extension Double: JSONConvertible, ZeroValued {
    package static let zeroValue: Double = 0
    package static func decode(_ json: JSONValue, _ decoder: inout ObjectDecoder) -> Double? {
        json.doubleValue ?? decoder.mismatch(expected: "number", got: json)
    }
    package var json: JSONValue { JSONNumber(self).map { .number($0) } ?? .null }
}

extension JSONValue: JSONConvertible {
    package static func decode(_ json: JSONValue, _ decoder: inout ObjectDecoder) -> JSONValue? { json }
    package var json: JSONValue { self }
}

extension Base64Data: JSONConvertible {
    package static func decode(_ json: JSONValue, _ decoder: inout ObjectDecoder) -> Base64Data? {
        guard case .string(let text) = json else { return decoder.mismatch(expected: "base64 string", got: json) }
        // The text itself may be a secret: it is not repeated.
        guard let data = Base64Data(base64: text) else {
            decoder.report(FieldError(decoder.path, .wrongType, detail: "expected base64, got other text"))
            return nil
        }
        return data
    }
    package var json: JSONValue { .string(base64) }
}

extension Timestamp: JSONConvertible {
    package static func decode(_ json: JSONValue, _ decoder: inout ObjectDecoder) -> Timestamp? {
        json.stringValue.flatMap { Timestamp($0) } ?? decoder.mismatch(expected: "time in RFC 3339", got: json)
    }
    package var json: JSONValue { .string(description) }
}

extension MicroTimestamp: JSONConvertible {
    package static func decode(_ json: JSONValue, _ decoder: inout ObjectDecoder) -> MicroTimestamp? {
        json.stringValue.flatMap { MicroTimestamp($0) } ?? decoder.mismatch(expected: "time in RFC 3339", got: json)
    }
    package var json: JSONValue { .string(description) }
}

extension Quantity: JSONConvertible {
    /// A number stands for the text it is written with.
    package static func decode(_ json: JSONValue, _ decoder: inout ObjectDecoder) -> Quantity? {
        let text: String
        switch json {
        case .string(let value): text = value
        case .integer, .number: text = json.description
        default: return decoder.mismatch(expected: "quantity such as \"500m\" or \"1Gi\"", got: json)
        }
        do throws(QuantityError) {
            return try Quantity(parsing: text)
        } catch {
            decoder.report(.invalid(decoder.path, json, error.description))
            return nil
        }
    }
    package var json: JSONValue { .string(description) }
}

extension IntOrString: JSONConvertible {
    package static func decode(_ json: JSONValue, _ decoder: inout ObjectDecoder) -> IntOrString? {
        if case .string(let value) = json { return .string(value) }
        guard json.integerValue != nil else { return decoder.mismatch(expected: "integer or string", got: json) }
        return Int32.decode(json, &decoder).map { .int($0) }
    }
    package var json: JSONValue {
        switch self {
        case .int(let value): .integer(Int64(value))
        case .string(let value): .string(value)
        }
    }
}
