package import APIMachinery
internal import KubernetesAPI

/// A request's body read into an object, with what a strict reader would object to.
package struct RequestBody: Sendable {
    package var object: JSONObject
    /// `duplicate field "data.a"`, in the order of the text; in YAML `line 7: key "a" already set in map`.
    package var duplicates: [String] = []

    package static let maxBytes = 3 << 20

    /// Reads a body that is to be an object of a kind.
    ///
    /// - Throws: 413, 415, or 400 with upstream's words.
    package init(_ request: APIRequest, kind: GroupVersionKind) throws(Status) {
        guard request.body.count <= Self.maxBytes else { throw Self.tooLarge }
        let encoding = try Self.encoding(of: request)
        do throws(BodyError) {
            self = try Self.decode(request.body, encoding)
        } catch {
            throw .badRequest(
                "the object provided is unrecognized (must be of type \(kind.kind)): \(error.text) (\(Self.summary(request.body)))")
        }
    }

    package static let tooLarge = Status(
        code: 413, reason: .requestEntityTooLarge, message: "Request entity too large: limit is 3145728")

    /// - Throws: 415.
    static func encoding(of request: APIRequest) throws(Status) -> ResponseFormat.Encoding {
        guard let header = request.headers["Content-Type"], !header.isEmpty else { return .json }
        if let encoding = ResponseFormat.Encoding(rawValue: MediaType(parsing: header[...]).essence) { return encoding }
        throw Status(
            code: 415, reason: .unsupportedMediaType,
            message: "the body of the request was in an unknown format - accepted media types include: "
                + ResponseFormat.producible.map(\.rawValue).joined(separator: ", "))
    }

    /// A body that cannot be read: what is wrong, or the whole answer.
    struct BodyError: Error {
        var text: String
        var status: Status?
    }

    /// - Parameter isConfiguration: It is to be applied: any object, of which errors are told in other words.
    static func decode(
        _ bytes: [UInt8], _ encoding: ResponseFormat.Encoding, isConfiguration: Bool = false
    ) throws(BodyError) -> RequestBody {
        switch encoding {
        case .json: return try RequestBody(json: bytes, isConfiguration: isConfiguration)
        case .yaml: return try RequestBody(yaml: bytes, isConfiguration: isConfiguration)
        case .protobuf: return RequestBody(object: try ProtobufCoding.decode(bytes))
        }
    }

    init(object: JSONObject, duplicates: [String] = []) {
        self.object = object
        self.duplicates = duplicates
    }

    init(json bytes: [UInt8], isConfiguration: Bool = false) throws(BodyError) {
        var isRepeating = false
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(parsing: bytes)
        } catch {
            guard case .duplicateKey = error.reason else { throw BodyError(text: Self.jsonProblem(error, bytes)) }
            isRepeating = true
            do throws(JSONError) {
                value = try JSONValue(parsing: bytes, options: JSONReadingOptions(duplicateKeys: .lastWins))
            } catch {
                throw BodyError(text: Self.jsonProblem(error, bytes))
            }
        }
        self.init(object: try Self.object(value, isConfiguration), duplicates: isRepeating ? DuplicateFields.texts(in: bytes) : [])
    }

    private init(yaml bytes: [UInt8], isConfiguration: Bool) throws(BodyError) {
        let documents: [YAMLDocument]
        do throws(YAMLError) {
            documents = try YAMLDocument.documents(parsing: bytes)
        } catch {
            throw BodyError(text: "yaml: line \(error.line): \(error.message)")
        }
        let problems = documents.first?.problems ?? []
        if let problem = problems.first(where: { !$0.isDuplicateKey }) {
            throw BodyError(text: "yaml: line \(problem.line): \(problem.message)")
        }
        let duplicates = problems.map { problem in
            guard case .field(let key)? = problem.path.elements.last else { return "line \(problem.line): a key already set in map" }
            return "line \(problem.line): key \(key.quoted) already set in map"
        }
        self.init(object: try Self.object(documents.first?.json ?? .null, isConfiguration), duplicates: duplicates)
    }

    /// - Returns: The empty object for null, as Go's decoder has it.
    private static func object(_ value: JSONValue, _ isConfiguration: Bool) throws(BodyError) -> JSONObject {
        let type: String
        switch value {
        case .object(let object):
            if !isConfiguration { try checkTypeMeta(object) }
            return object
        case .null: return JSONObject()
        case .array: type = "array"
        case .string: type = "string"
        case .bool: type = "bool"
        case .integer, .number: type = "number"
        }
        guard !isConfiguration else {
            throw BodyError(
                text: "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal \(type) into Go value of type "
                    + "map[string]interface {}")
        }
        throw BodyError(
            text: "couldn't get version/kind; json parse error: json: cannot unmarshal \(type) into Go value of type "
                + #"struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#)
    }

    private static func checkTypeMeta(_ object: JSONObject) throws(BodyError) {
        for key in ["apiVersion", "kind"] {
            let type: String
            switch object[key] {
            case nil, .null, .string: continue
            case .array: type = "array"
            case .object: type = "object"
            case .bool: type = "bool"
            case .integer, .number: type = "number"
            }
            throw BodyError(
                text:
                    "couldn't get version/kind; json parse error: json: cannot unmarshal \(type) into Go struct field .\(key) of type string"
            )
        }
        if let version = object["apiVersion"]?.stringValue, version.split(separator: "/", omittingEmptySubsequences: false).count > 2 {
            throw BodyError(text: "unexpected GroupVersion string: \(version)")
        }
    }

    private static func jsonProblem(_ error: JSONError, _ bytes: [UInt8]) -> String {
        "couldn't get version/kind; json parse error: \(error.goText(in: bytes))"
    }

    /// The beginning of the body, for the message.
    private static func summary(_ bytes: [UInt8]) -> String {
        guard let first = bytes.first else { return "<empty>" }
        let more = bytes.count > 30 ? " ..." : ""
        if first == UInt8(ascii: "{") { return String(decoding: bytes.prefix(30), as: UTF8.self) + more }
        let digits = bytes.prefix(30).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        return digits.joined() + more
    }
}

extension JSONError {
    /// The error in the words of Go's decoder, which clients match on.
    func goText(in bytes: [UInt8]) -> String {
        switch reason {
        case .unexpectedEnd: return "unexpected end of JSON input"
        case .tooDeep: return "invalid character '\(Self.character(bytes, offset))' exceeded max depth"
        case .trailingBytes: return "invalid character '\(Self.character(bytes, offset))' after top-level value"
        case .unexpectedCharacter(_, let expected):
            return "invalid character '\(Self.character(bytes, offset))' \(Self.place(expected, bytes, offset))"
        case .invalidEscape: return "invalid character '\(Self.character(bytes, offset))' in string escape code"
        case .controlCharacter: return "invalid character '\(Self.character(bytes, offset))' in string literal"
        case .invalidNumber: return "invalid character '\(Self.character(bytes, offset))' in numeric literal"
        default: return reason.description
        }
    }

    private static func character(_ bytes: [UInt8], _ offset: Int) -> String {
        guard offset < bytes.count else { return "" }
        switch bytes[offset] {
        case UInt8(ascii: "'"): return "\\'"
        case 0x0a: return "\\n"
        case 0x09: return "\\t"
        case 0x0d: return "\\r"
        case let byte where byte < 0x20: return "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        // Go takes the byte for a character of Latin-1; those below U+00A0 it escapes.
        case let byte where (0x7f..<0xa0).contains(byte): return (byte == 0x7f ? "\\x" : "\\u00") + String(byte, radix: 16)
        case let byte: return String(Character(Unicode.Scalar(byte)))
        }
    }

    /// Which character of a literal should have come, by how much of it stands before.
    private static func expectation(_ literal: [UInt8], _ bytes: [UInt8], _ offset: Int) -> String {
        for count in (1..<literal.count).reversed()
        where offset >= count && bytes[(offset - count)..<offset].elementsEqual(literal[..<count]) {
            return " (expecting '\(Character(Unicode.Scalar(literal[count])))')"
        }
        return ""
    }

    private static func place(_ expected: String, _ bytes: [UInt8], _ offset: Int) -> String {
        switch expected {
        case "a member's name in double quotes": "looking for beginning of object key string"
        case "':' after the member's name": "after object key"
        case "',' or '}' after a member": "after object key:value pair"
        case "',' or ']' after an element": "after array element"
        case "true", "false", "null": "in literal \(expected)\(expectation(Array(expected.utf8), bytes, offset))"
        default: "looking for beginning of value"
        }
    }
}
