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
    let duplicates: [String]

    /// - Throws: 400 or 413 for a body that is no patch.
    init(_ type: PatchType, _ bytes: [UInt8]) throws(Status) {
        let (value, duplicates) = try Self.read(bytes, type)
        switch type {
        case .json:
            form = .json(try Self.jsonPatch(value))
            self.duplicates = []
        case .merge, .apply:
            try Self.checkIsObject(value, prefix: "error decoding patch: ")
            form = .merge(value)
            self.duplicates = duplicates
        case .strategic:
            try Self.checkIsObject(value, prefix: "")
            form = .strategic(value)
            self.duplicates = duplicates
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
    func shown(result: JSONObject) -> String {
        if case .strategic(let patch) = form { return Self.goText(patch) }
        let sorted = JSONObject(members: result.members.sorted { $0.key < $1.key })
        return JSONValue.object(sorted).serializedText()
    }

    /// As Go prints maps and slices.
    private static func goText(_ value: JSONValue) -> String {
        switch value {
        case .null: "<nil>"
        case .string(let text): text
        case .array(let elements): "[\(elements.map(goText).joined(separator: " "))]"
        case .object(let object):
            "map[\(object.members.sorted { $0.key < $1.key }.map { "\($0.key):\(goText($0.value))" }.joined(separator: " "))]"
        default: value.serializedText()
        }
    }
}

enum PatchProblem {
    /// Upstream says no more about a JSON patch that does not fit.
    static let rejected = Status(
        code: 422, reason: .invalid, message: "the server rejected our request due to an error in our request", details: Status.Details())

    /// The result of a patch is no object of the kind.
    static func invalid(_ shown: String, _ why: String) -> Status {
        .invalid(kind: "", group: "", name: "", [.invalid(FieldPath("patch"), .string(shown), why)])
    }
}
