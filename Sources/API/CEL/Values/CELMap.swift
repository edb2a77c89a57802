internal import APIMachinery

/// A key of a map. Whole numbers are the same key whatever their type.
package enum CELMapKey: Hashable, Sendable {
    case bool(Bool)
    case int(Int64)
    /// Beyond `Int64`.
    case uint(UInt64)
    case string(String)

    /// - Returns: nil for a value that cannot be a key.
    package init?(_ value: CELValue) {
        switch value {
        case .bool(let value): self = .bool(value)
        case .int(let value): self = .int(value)
        case .uint(let value): self = Int64(exactly: value).map { .int($0) } ?? .uint(value)
        case .double(let value):
            if let int = Int64(exactly: value) {
                self = .int(int)
            } else if let uint = UInt64(exactly: value) {
                self = .uint(uint)
            } else {
                return nil
            }
        case .string(let value): self = .string(value)
        default: return nil
        }
    }

    package var value: CELValue {
        switch self {
        case .bool(let value): .bool(value)
        case .int(let value): .int(value)
        case .uint(let value): .uint(value)
        case .string(let value): .string(value)
        }
    }
}

/// A map, or a structure with named fields. One that comes from JSON converts its values when they are asked for.
package struct CELMap: Sendable {
    private enum Storage: Sendable {
        /// In their order, with the key as it was written.
        case entries([CELMapKey: Int], [(key: CELValue, value: CELValue)])
        case json(JSONObject, CELSchema?)
    }

    private let storage: Storage
    /// Of a structure.
    package let typeName: String?

    /// - Parameter entries: Of entries with the same key the last counts.
    package init(_ entries: [(key: CELValue, value: CELValue)], typeName: String? = nil) {
        var index: [CELMapKey: Int] = [:]
        var kept: [(key: CELValue, value: CELValue)] = []
        for entry in entries {
            guard let key = CELMapKey(entry.key) else { continue }
            if let position = index[key] {
                kept[position] = entry
            } else {
                index[key] = kept.count
                kept.append(entry)
            }
        }
        storage = .entries(index, kept)
        self.typeName = typeName
    }

    init(json: JSONObject, schema: CELSchema?) {
        storage = .json(json, schema)
        if case .object? = schema?.shape { typeName = CELSchema.objectName } else { typeName = nil }
    }

    package var count: Int {
        switch storage {
        case .entries(_, let entries): entries.count
        case .json(let object, _): object.count
        }
    }

    package subscript(key: CELMapKey) -> CELValue? {
        switch (storage, key) {
        case (.entries(let index, let entries), _): index[key].map { entries[$0].value }
        case (.json(let object, let schema), .string(let name)): Self.member(name, of: object, schema)
        default: nil
        }
    }

    package subscript(name: String) -> CELValue? { self[.string(name)] }

    private static func member(_ name: String, of object: JSONObject, _ schema: CELSchema?) -> CELValue? {
        switch schema?.shape {
        case .object(let properties)?:
            guard let property = properties[name] else { return nil }
            return object[property.name].map { CELValue($0, schema: property.schema) }
        case .map(let values)?: return object[name].map { CELValue($0, schema: values) }
        default: return object[name].map { CELValue($0) }
        }
    }

    /// A member by its name in JSON, whatever the schema calls it.
    func json(_ name: String) -> CELValue? {
        if case .json(let object, let schema) = storage {
            let escaped = PropertyName.escaped(name) ?? name
            return Self.member(escaped, of: object, schema) ?? object[name].map { CELValue($0) }
        }
        return self[name]
    }

    package var keys: [CELValue] {
        switch storage {
        case .entries(_, let entries): entries.map(\.key)
        case .json(let object, _): object.keys.map { .string($0) }
        }
    }

    package var entries: [(key: CELValue, value: CELValue)] {
        switch storage {
        case .entries(_, let entries): entries
        case .json(let object, let schema):
            object.members.map { member in
                let name = typeName == nil ? member.key : PropertyName.escaped(member.key) ?? member.key
                return (.string(member.key), Self.member(name, of: object, schema) ?? CELValue(member.value))
            }
        }
    }

    func equals(_ other: CELMap) -> Bool {
        guard count == other.count, typeName == other.typeName else { return false }
        if case .json(let one, let schema) = storage, case .json(let two, let otherSchema) = other.storage, schema === otherSchema,
            one == two
        {
            return true
        }
        return entries.allSatisfy { entry in
            guard case .string(let name) = entry.key else {
                return CELMapKey(entry.key).flatMap { other[$0] }.map { entry.value.equals($0) } ?? false
            }
            return other.json(name).map { entry.value.equals($0) } ?? false
        }
    }
}
