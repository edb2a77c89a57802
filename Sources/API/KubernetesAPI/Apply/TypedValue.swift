internal import APIMachinery

/// A value with its type; what follows walks both at once.
struct TypedValue {
    let schema: MergeSchema
    let type: MergeSchema.TypeIndex
    let value: JSONValue

    init(_ value: JSONValue, _ type: ApplyType) {
        schema = type.schema
        self.type = type.root
        self.value = value
    }
}

/// The shape that a type has for a value at hand.
enum MergeShape {
    case scalar(MergeSchema.Scalar)
    case map(MergeSchema.MapType)
    case list(MergeSchema.ListType)

    /// An untyped object merges by member, an untyped list is atomic.
    static let deducedMap = MergeShape.map(
        MergeSchema.MapType(fields: [], element: MergeSchema.deducedIndex, isAtomic: false))
    static let deducedList = MergeShape.list(
        MergeSchema.ListType(relation: .atomic, element: MergeSchema.deducedIndex))
}

extension MergeSchema {
    /// - Parameter value: Decides where the type leaves it open.
    func shape(_ type: TypeIndex, for value: JSONValue?) -> MergeShape {
        switch types[type] {
        case .scalar(let scalar): .scalar(scalar)
        case .map(let map): .map(map)
        case .list(let list): .list(list)
        case .deduced:
            switch value {
            case .object: .deducedMap
            case .array: .deducedList
            default: .scalar(.untyped)
            }
        }
    }

    /// The type of a member; nil for one that the type does not have.
    func memberType(_ name: String, of map: MapType) -> TypeIndex? { map.field(name)?.type ?? map.element }
}

extension MergeSchema.ListType {
    /// What names an item of a set or list map.
    func element(for item: JSONValue) throws(ApplyFailure) -> PathElement {
        switch relation {
        case .atomic: preconditionFailure("items of an atomic list have no names")
        case .set:
            switch item {
            case .object: throw ApplyFailure("associative list without keys has an element that's a map type")
            case .array: throw ApplyFailure("not supported: associative list with lists as elements")
            case .null: throw ApplyFailure("associative list without keys has an element that's an explicit null")
            default: return .value(item)
            }
        case .map(let keys):
            if item.isNull { throw ApplyFailure("associative list with keys may not have a null element") }
            guard case .object(let object) = item else {
                throw ApplyFailure("associative list with keys may not have non-map elements")
            }
            var parts: [ItemKey.Part] = []
            parts.reserveCapacity(keys.count)
            for key in keys {
                guard let value = object[key.name] ?? key.defaultValue else {
                    throw ApplyFailure(
                        "associative list with keys has an element that omits key field \(key.name.quoted) "
                            + "(and doesn't have default value)")
                }
                parts.append(.init(name: key.name, value: value))
            }
            return .key(ItemKey(parts))
        }
    }

    /// The items' names; nil in the place of an item that cannot be named.
    func elements(of items: [JSONValue]) -> [PathElement?] { items.map { try? element(for: $0) } }

    var isAtomic: Bool { if case .atomic = relation { true } else { false } }
}

/// Why a value does not fit its type.
struct ApplyFailure: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}

/// Finds members of an object by key: quick when the keys are asked for in about the order in which they stand, and
/// not quadratic for large objects.
struct MemberLookup {
    private let members: [JSONObject.Member]
    private var next = 0
    private var indexes: [String: Int]?

    init(_ object: JSONObject) { members = object.members }

    mutating func index(of key: String) -> Int? {
        if next < members.count, members[next].key == key {
            next += 1
            return next - 1
        }
        if members.count <= 16 {
            guard let found = members.firstIndex(where: { $0.key == key }) else { return nil }
            next = found + 1
            return found
        }
        if indexes == nil {
            indexes = Dictionary(members.indices.map { (members[$0].key, $0) }) { first, _ in first }
        }
        return indexes?[key]
    }

    mutating func value(_ key: String) -> JSONValue? { index(of: key).map { members[$0].value } }
}
