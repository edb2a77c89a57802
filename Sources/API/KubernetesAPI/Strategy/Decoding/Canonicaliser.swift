internal import APIMachinery

/// Brings an object into the one form of its type. One walk, which also finds wrong types and unknown members.
///
/// Follows Go's `encoding/json` as upstream uses it: null is absence, the first wrong type is remembered and told unless
/// a value's own reader (quantity, time, base64) fails, which ends the walk.
struct Canonicaliser {
    private let graph: TypeGraph
    private(set) var unknownFields: [String] = []
    private var firstMismatch: String?
    /// Names from the root, with indexes, for unknown members: `spec.containers[0]`.
    private var path: [FieldPath.Element] = []
    /// Names from the root as Go's decoder keeps them: without indexes, with the names of embedded structures.
    private var goPath: [String] = []
    private var structName = ""

    init(_ graph: TypeGraph) { self.graph = graph }

    mutating func object(_ object: JSONObject, type: Int) throws(DecodingFailure) -> JSONObject {
        let result = try structure(object, type)
        if let firstMismatch { throw DecodingFailure(message: firstMismatch) }
        return result
    }

    // MARK: Structures

    private mutating func structure(_ object: JSONObject, _ type: Int) throws(DecodingFailure) -> JSONObject {
        let node = graph.nodes[type]
        var slots = [JSONValue?](repeating: nil, count: node.fields.count)
        var hint = 0
        for member in object.members {
            guard let index = node.index(of: member.key, after: hint) else {
                unknownFields.append("unknown field \(Self.text(path + [.field(member.key)]).quoted)")
                continue
            }
            hint = index + 1
            if case .null = member.value { continue }
            slots[index] = try field(node.fields[index], member.value, in: node)
        }
        return assemble(node, &slots)
    }

    private mutating func field(
        _ field: TypeGraph.Field, _ value: JSONValue, in node: TypeGraph.Node
    ) throws(DecodingFailure) -> JSONValue? {
        let outerStruct = structName
        let depth = goPath.count
        path.append(.field(field.name))
        if let embedded = EmbeddedStructures.name(of: field.name, in: node.name) { goPath.append(embedded) }
        goPath.append(field.name)
        structName = node.name
        defer {
            path.removeLast()
            goPath.removeSubrange(depth...)
            structName = outerStruct
        }
        guard let result = try self.value(value, field.shape) else { return nil }
        if !field.isPointer, Self.isZero(result, field.shape), !keepsEmpty(field, result) { return Optional.none }
        return result
    }

    /// A list that is always written is null when absent, and empty when it was given so.
    private func keepsEmpty(_ field: TypeGraph.Field, _ value: JSONValue) -> Bool {
        guard case .value(.null) = field.filler, case .array = value else { return false }
        return true
    }

    /// Puts the members into the type's order and adds those that are always written.
    private func assemble(_ node: TypeGraph.Node, _ slots: inout [JSONValue?]) -> JSONObject {
        var result = JSONObject()
        result.reserveCapacity(slots.count)
        for (index, field) in node.fields.enumerated() {
            if let value = slots[index] {
                result.append(field.name, value)
            } else if let filler = field.filler {
                result.append(field.name, fill(filler))
            }
        }
        return result
    }

    private func fill(_ filler: TypeGraph.Filler) -> JSONValue {
        switch filler {
        case .value(let value): return value
        case .structure(let type):
            var none = [JSONValue?](repeating: nil, count: graph.nodes[type].fields.count)
            return .object(assemble(graph.nodes[type], &none))
        }
    }

    /// Whether Go's `omitempty` leaves it out. Structures behind pointers stay, even when empty.
    private static func isZero(_ value: JSONValue, _ shape: TypeGraph.Shape) -> Bool {
        switch (value, shape) {
        case (.string(""), .string), (.string(""), .bytes), (.integer(0), .int32), (.integer(0), .int64): true
        case (.bool(false), .bool), (.integer(0), .double): true
        case (.array(let elements), _): elements.isEmpty
        case (.object(let object), .map): object.isEmpty
        default: false
        }
    }

    // MARK: Values

    /// - Returns: Nil when the value has the wrong type, which has been remembered, or stands for nothing.
    private mutating func value(_ json: JSONValue, _ shape: TypeGraph.Shape) throws(DecodingFailure) -> JSONValue? {
        switch shape {
        case .any: return json
        case .string: if case .string = json { return json }
        case .bool: if case .bool = json { return json }
        case .int32: if case .integer(let number) = json, Int32(exactly: number) != nil { return json }
        case .int64: if case .integer = json { return json }
        case .double:
            switch json {
            case .integer, .number: return json
            default: break
            }
        case .bytes:
            if case .string(let text) = json {
                try Base64Check.check(text)
                return json
            }
        case .time, .microTime:
            if case .string(let text) = json { return try time(text, isMicro: shape.isMicroTime) }
        case .quantity: return try quantity(json)
        case .intOrString:
            switch json {
            case .string: return json
            case .integer(let number) where Int32(exactly: number) != nil: return json
            default: break
            }
        case .list(let element): if case .array(let elements) = json { return try list(elements, element) }
        case .map(let element): if case .object(let object) = json { return try map(object, element) }
        case .object(let type): if case .object(let object) = json { return .object(try structure(object, type)) }
        }
        remember(json, shape)
        return nil
    }

    private mutating func list(
        _ elements: [JSONValue], _ shape: TypeGraph.Shape
    ) throws(DecodingFailure) -> JSONValue {
        var result: [JSONValue] = []
        result.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            path.append(.index(index))
            defer { path.removeLast() }
            if case .null = element {
                result.append(zero(of: shape))
            } else if let value = try value(element, shape) {
                result.append(value)
            }
        }
        return .array(result)
    }

    /// Keys in the order of their bytes, as Go writes maps.
    private mutating func map(_ object: JSONObject, _ shape: TypeGraph.Shape) throws(DecodingFailure) -> JSONValue {
        var members: [JSONObject.Member] = []
        members.reserveCapacity(object.count)
        var isSorted = true
        for member in object.members {
            path.append(.field(member.key))
            defer { path.removeLast() }
            let value: JSONValue? = if case .null = member.value { zero(of: shape) } else { try value(member.value, shape) }
            guard let value else { continue }
            if let last = members.last, !last.key.utf8.lexicographicallyPrecedes(member.key.utf8) { isSorted = false }
            members.append(JSONObject.Member(key: member.key, value: value))
        }
        if !isSorted { members.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) } }
        return .object(JSONObject(members: members))
    }

    private func zero(of shape: TypeGraph.Shape) -> JSONValue {
        switch shape {
        case .string, .bytes: ""
        case .int32, .int64, .intOrString, .double: 0
        case .bool: false
        case .quantity: "0"
        case .object(let type): fill(.structure(type))
        case .list, .map, .any, .time, .microTime: nil
        }
    }

    private func quantity(_ json: JSONValue) throws(DecodingFailure) -> JSONValue {
        let text: String
        switch json {
        case .string(let value): text = value
        case .integer, .number: text = json.description
        default: throw DecodingFailure(message: Self.quantityForm)
        }
        do throws(QuantityError) {
            let canonical = try Quantity(parsing: text).description
            if case .string = json, canonical == text { return json }
            return .string(canonical)
        } catch {
            throw DecodingFailure(message: Self.quantityForm)
        }
    }

    private static let quantityForm =
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

    private func time(_ text: String, isMicro: Bool) throws(DecodingFailure) -> JSONValue? {
        if isMicro, let time = MicroTimestamp(text) { return .string(time.description) }
        if !isMicro, let time = Timestamp(text) { return .string(time.description) }
        let layout = isMicro ? "2006-01-02T15:04:05.000000Z07:00" : "2006-01-02T15:04:05Z07:00"
        throw DecodingFailure(
            message: "parsing time \(text.quoted) as \(layout.quoted): cannot parse \(text.quoted) as \("2006".quoted)")
    }

    /// `spec.containers[0].name`. The keys of maps stand behind dots too.
    private static func text(_ path: [FieldPath.Element]) -> String {
        FieldPath(path).description
    }

    // MARK: Wrong types

    private mutating func remember(_ json: JSONValue, _ shape: TypeGraph.Shape) {
        guard firstMismatch == nil else { return }
        let what: String
        switch json {
        case .bool: what = "bool"
        case .integer, .number: what = shape.isNumber ? "number \(json)" : "number"
        default: what = json.typeName
        }
        let field = goPath.isEmpty ? "" : "Go struct field \(GoTypes.shortName(structName)).\(goPath.joined(separator: "."))"
        let place = field.isEmpty ? "Go value" : field
        firstMismatch = "json: cannot unmarshal \(what) into \(place) of type \(GoTypes.name(of: shape, in: graph))"
    }
}

extension TypeGraph.Shape {
    var isMicroTime: Bool { if case .microTime = self { true } else { false } }

    fileprivate var isNumber: Bool {
        switch self {
        case .int32, .int64, .double: true
        default: false
        }
    }
}
