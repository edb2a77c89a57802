internal import APIMachinery
internal import KubernetesAPI

/// A patch that is not an apply, read once and applied as often as it takes.
struct ObjectPatch: Sendable {
    private enum Form: Sendable {
        case json(JSONPatch)
        case merge(JSONValue)
        case strategic(JSONValue)
    }
    private let form: Form
    /// What a strict reader finds in the patch itself: `duplicate field "spec.a"`, `json patch unknown field "[0].foo"`.
    let problems: [String]

    /// Its result is read back as Go's converter does it, not as JSON: errors are worded otherwise, unknown fields sorted.
    var isStrategic: Bool { if case .strategic = form { true } else { false } }

    /// - Throws: 400 or 413 for a body that is no patch.
    init(_ type: PatchType, _ bytes: [UInt8]) throws(Status) {
        let (value, duplicates) = try Self.read(bytes, type)
        switch type {
        case .json:
            form = .json(try Self.jsonPatch(value))
            problems = Self.unknownMembers(value)
        case .merge, .apply:
            try Self.checkIsObject(value, prefix: "error decoding patch: ")
            form = .merge(value)
            problems = duplicates
        case .strategic:
            try Self.checkIsObject(value, prefix: "")
            form = .strategic(value)
            problems = duplicates
        }
    }

    private static func read(_ bytes: [UInt8], _ type: PatchType) throws(Status) -> (JSONValue, [String]) {
        do throws(JSONError) {
            return (try JSONValue(parsing: bytes), [])
        } catch {
            let prefix = type == .strategic ? "" : "error decoding patch: "
            guard case .duplicateKey = error.reason,
                let value = try? JSONValue(parsing: bytes, options: JSONReadingOptions(duplicateKeys: .lastWins))
            else { throw .badRequest(prefix + error.goText(in: bytes)) }
            return (value, DuplicateFields.texts(in: bytes))
        }
    }

    private static func jsonPatch(_ value: JSONValue) throws(Status) -> JSONPatch {
        guard let operations = value.arrayValue else {
            throw .badRequest("error decoding patch: json: cannot unmarshal \(goType(value)) into Go value of type []handlers.jsonPatchOp")
        }
        guard operations.count <= JSONPatch.maxOperations else {
            throw Status(
                code: 413, reason: .requestEntityTooLarge,
                message: "Request entity too large: The allowed maximum operations in a JSON patch is \(JSONPatch.maxOperations), "
                    + "got \(operations.count)")
        }
        do throws(PatchError) { return try JSONPatch(value) } catch { throw PatchProblem.rejected }
    }

    private static func unknownMembers(_ patch: JSONValue) -> [String] {
        let known = ["op", "path", "from", "value"]
        return (patch.arrayValue ?? []).enumerated().flatMap { index, operation in
            (operation.objectValue?.keys ?? []).filter { !known.contains($0) }
                .map { "json patch unknown field \("[\(index)].\($0)".quoted)" }
        }
    }

    private static func checkIsObject(_ value: JSONValue, prefix: String) throws(Status) {
        switch value {
        case .object: return
        case .null: throw .badRequest("Invalid JSON Patch")
        default:
            throw .badRequest("\(prefix)json: cannot unmarshal \(goType(value)) into Go value of type map[string]interface {}")
        }
    }

    private static func goType(_ value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool: "bool"
        case .integer, .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }

    /// - Parameter typeName: Of the schema, for strategic merge.
    func applied(to value: JSONValue, typeName: String) throws(Status) -> JSONValue {
        switch form {
        case .json(let patch):
            do throws(PatchError) { return try patch.applied(to: value) } catch { throw PatchProblem.rejected }
        case .merge(let patch): return value.merging(patch)
        case .strategic(let patch):
            do throws(PatchError) {
                return try StrategicMergePatch().apply(patch, to: value, type: typeName)
            } catch {
                throw Status(code: 500, reason: .unknown, message: error.description)
            }
        }
    }

    /// What the refusal of a result shows: the result, or for a strategic merge the patch.
    ///
    /// - Parameter isCustom: Of a custom resource, which is a map through and through upstream: its keys are sorted at every level.
    func shown(result: JSONObject, isCustom: Bool) -> String {
        if case .strategic(let patch) = form { return patch.goText }
        if isCustom { return Self.sorted(.object(result)).serializedText() }
        let sorted = JSONObject(members: result.members.sorted { $0.key < $1.key })
        return JSONValue.object(sorted).serializedText()
    }

    private static func sorted(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let object):
            let members = object.members.sorted { $0.key < $1.key }
            return .object(JSONObject(members: members.map { .init(key: $0.key, value: sorted($0.value)) }))
        case .array(let elements): return .array(elements.map(sorted))
        default: return value
        }
    }
}

enum PatchProblem {
    /// Upstream says no more about a JSON patch that does not fit.
    static let rejected = Status(
        code: 422, reason: .invalid, message: "the server rejected our request due to an error in our request", details: Status.Details())

    /// What Go's converter says where its JSON decoder says `json: cannot unmarshal VALUE into Go struct field FIELD of type TYPE`.
    static func converterText(_ text: String) -> String {
        guard text.hasPrefix("json: cannot unmarshal "), let split = text.firstRange(of: " into Go struct field "),
            let type = text.firstRange(of: " of type ")
        else { return text }
        let value = text[..<split.lowerBound].dropFirst("json: cannot unmarshal ".count)
        let kinds = ["object": "map", "array": "slice", "number": "int64"]
        let kind = kinds[String(value.prefix { $0 != " " })] ?? String(value)
        switch text[type.upperBound...] {
        case let type where type.hasPrefix("[]"): return "cannot restore slice from \(kind)"
        case let type where type.hasPrefix("map["): return "cannot restore map from \(kind)"
        case let type where type.contains("."): return "cannot restore struct from: \(kind)"
        // Go turns whole numbers into strings, as code points: it has to refuse that by itself.
        case "string" where kind == "int64": return "cannot convert int64 to string"
        case let type: return "unrecognized type: \(type)"
        }
    }

    /// The result of a patch is no object of the kind.
    static func invalid(_ shown: String, _ why: String) -> Status {
        .invalid(kind: "", group: "", name: "", [.invalid(FieldPath("patch"), .string(shown), why)])
    }
}
