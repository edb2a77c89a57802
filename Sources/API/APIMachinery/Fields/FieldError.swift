/// What is wrong with one field, in the words of upstream's `field.Error`:
/// `spec.containers[0].name: Required value`.
package struct FieldError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The raw values are the reasons of a Status cause.
    package enum Kind: String, Sendable {
        case notFound = "FieldValueNotFound"
        case required = "FieldValueRequired"
        case duplicate = "FieldValueDuplicate"
        case invalid = "FieldValueInvalid"
        case notSupported = "FieldValueNotSupported"
        case forbidden = "FieldValueForbidden"
        case tooLong = "FieldValueTooLong"
        case tooMany = "FieldValueTooMany"
        case tooFew = "FieldValueTooFew"
        case tooShort = "FieldValueTooShort"
        case typeInvalid = "FieldValueTypeInvalid"
        /// A value that the type cannot hold at all; the detail says everything.
        case wrongType = "FieldTypeMismatch"
        /// A member that the type does not have. Upstream reports it outside of `field.Error`.
        case unknownField = "UnknownField"
        case internalError = "InternalError"
    }

    package var path: FieldPath
    package var kind: Kind
    /// The value at fault, where the text shows it; strings are quoted, all else stands as JSON.
    package var value: JSONValue?
    package var detail: String

    package init(_ path: FieldPath, _ kind: Kind, value: JSONValue? = nil, detail: String = "") {
        self.path = path
        self.kind = kind
        self.value = value
        self.detail = detail
    }

    package var description: String { path.elements.isEmpty ? body : "\(path): \(body)" }

    /// The text without the path, as a Status cause carries it.
    package var body: String {
        var text = kind.text
        if let value {
            if case .string(let string) = value { text += ": \(string.quoted)" } else { text += ": \(Self.escaped("\(value)"))" }
        }
        return [text, detail].filter { !$0.isEmpty }.joined(separator: ": ")
    }
}

extension FieldError {
    /// Go's encoder writes these three as escapes, so that JSON may stand in HTML.
    private static func escaped(_ json: String) -> String {
        guard json.utf8.contains(where: { "<>&".utf8.contains($0) }) else { return json }
        var text = ""
        for scalar in json.unicodeScalars {
            switch scalar {
            case "<": text += "\\u003c"
            case ">": text += "\\u003e"
            case "&": text += "\\u0026"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}

extension FieldError.Kind {
    /// The words that an error of this kind begins with.
    package var text: String {
        switch self {
        case .notFound: "Not found"
        case .required: "Required value"
        case .duplicate: "Duplicate value"
        case .invalid, .typeInvalid: "Invalid value"
        case .notSupported: "Unsupported value"
        case .forbidden: "Forbidden"
        case .tooLong: "Too long"
        case .tooMany: "Too many"
        case .tooFew: "Too few"
        case .tooShort: "Too short"
        case .wrongType: ""
        case .unknownField: "unknown field"
        case .internalError: "Internal error"
        }
    }
}

extension FieldError {
    package static func required(_ path: FieldPath, _ detail: String = "") -> FieldError {
        FieldError(path, .required, detail: detail)
    }

    package static func forbidden(_ path: FieldPath, _ detail: String) -> FieldError {
        FieldError(path, .forbidden, detail: detail)
    }

    package static func invalid(_ path: FieldPath, _ value: JSONValue, _ detail: String) -> FieldError {
        FieldError(path, .invalid, value: value, detail: detail)
    }

    package static func duplicate(_ path: FieldPath, _ value: JSONValue) -> FieldError {
        FieldError(path, .duplicate, value: value)
    }

    package static func notFound(_ path: FieldPath, _ value: JSONValue) -> FieldError {
        FieldError(path, .notFound, value: value)
    }

    /// - Parameter supported: In the order in which they are to be listed.
    package static func notSupported(_ path: FieldPath, _ value: JSONValue, supported: [String]) -> FieldError {
        let detail = supported.isEmpty ? "" : "supported values: " + supported.map(\.quoted).joined(separator: ", ")
        return FieldError(path, .notSupported, value: value, detail: detail)
    }

    package static func tooLong(_ path: FieldPath, maxBytes: Int) -> FieldError {
        FieldError(path, .tooLong, detail: "may not be more than \(maxBytes) \(maxBytes == 1 ? "byte" : "bytes")")
    }

    package static func tooMany(_ path: FieldPath, count: Int, max: Int) -> FieldError {
        FieldError(
            path, .tooMany, value: .integer(Int64(count)),
            detail: "must have at most \(max) \(max == 1 ? "item" : "items")")
    }
}

extension String {
    /// The string in double quotes with escapes, as Go's `%q` prints printable text.
    package var quoted: String {
        var text = "\""
        for scalar in unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f:
                let digits = String(scalar.value, radix: 16)
                text += digits.count == 1 ? "\\x0\(digits)" : "\\x\(digits)"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}
