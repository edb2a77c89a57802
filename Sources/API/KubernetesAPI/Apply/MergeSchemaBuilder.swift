internal import APIMachinery

/// Collects types for a `MergeSchema`; types that refer to themselves are met once.
struct MergeSchemaBuilder {
    let schema: Schema
    private(set) var types: [MergeSchema.MergeType] = [.deduced]
    private(set) var names: [String: MergeSchema.TypeIndex] = [:]

    init(schema: Schema) { self.schema = schema }

    private mutating func add(_ type: MergeSchema.MergeType) -> MergeSchema.TypeIndex {
        types.append(type)
        return types.count - 1
    }

    private mutating func add(_ scalar: MergeSchema.Scalar) -> MergeSchema.TypeIndex { add(.scalar(scalar)) }
}

extension MergeSchemaBuilder {
    /// - Parameter name: A type of the schema, as `core/v1.Pod`; anything else counts as untyped.
    mutating func index(ofType name: String, isAtomic: Bool = false) -> MergeSchema.TypeIndex {
        let key = isAtomic ? "\(name) atomic" : name
        if let known = names[key] { return known }
        guard let type = schema[type: name] else { return MergeSchema.deducedIndex }
        switch type.format {
        case "string", "int-or-string", "date-time":
            let index = add(.untyped)
            names[key] = index
            return index
        case .some: return MergeSchema.deducedIndex
        case nil: break
        }
        if type.fields.isEmpty { return MergeSchema.deducedIndex }
        // The place is taken before the fields are looked at, which may refer to this very type.
        let index = add(.deduced)
        names[key] = index
        let fields = type.fields.map { field in
            MergeSchema.Field(
                name: field.name, type: self.index(of: field), zeroValue: Self.zeroValue(of: field, in: type))
        }
        types[index] = .map(MergeSchema.MapType(fields: fields, element: nil, isAtomic: type.isAtomic || isAtomic))
        return index
    }

    private mutating func index(of field: FieldSchema) -> MergeSchema.TypeIndex {
        switch field.type {
        case .list(let element):
            let relation = relation(of: field, element: element)
            return add(.list(.init(relation: relation, element: index(of: element))))
        case .map(let element):
            return add(.map(.init(fields: [], element: index(of: element), isAtomic: field.isAtomicMap)))
        case .type(let name): return index(ofType: name, isAtomic: field.isAtomicMap)
        default: return index(of: field.type)
        }
    }

    private func relation(of field: FieldSchema, element: FieldType) -> MergeSchema.ListType.Relation {
        switch field.listType {
        case nil, .atomic: return .atomic
        case .set: return .set
        case .map:
            guard case .type(let name) = element else { return .atomic }
            return .map(
                keys: field.listMapKeys.map { key in
                    let keyField = schema[type: name]?[key]
                    let isSet = keyField?.isRequired != true && keyField?.type == .string
                    return (key, isSet ? keyField?.defaultText.map { .string($0) } : nil)
                })
        }
    }

    private mutating func index(of type: FieldType) -> MergeSchema.TypeIndex {
        switch type {
        case .string, .bytes: return scalarIndex("string", .string)
        case .int32, .int64, .double: return scalarIndex("numeric", .numeric)
        case .bool: return scalarIndex("boolean", .boolean)
        case .time, .microTime, .quantity, .intOrString: return scalarIndex("untyped", .untyped)
        case .any: return MergeSchema.deducedIndex
        case .list(let element): return add(.list(.init(relation: .atomic, element: index(of: element))))
        case .map(let element): return add(.map(.init(fields: [], element: index(of: element), isAtomic: false)))
        case .type(let name): return index(ofType: name)
        }
    }

    private mutating func scalarIndex(_ name: String, _ scalar: MergeSchema.Scalar) -> MergeSchema.TypeIndex {
        if let known = names["scalar \(name)"] { return known }
        let index = add(scalar)
        names["scalar \(name)"] = index
        return index
    }

    /// Upstream's Go values write what is no pointer and not left out when empty; so it is there before it is set.
    private static func zeroValue(of field: FieldSchema, in type: TypeSchema) -> JSONValue? {
        switch field.type {
        case .type, .time, .microTime:
            guard UpstreamShape.isValue(field, of: type) else { return field.isRequired ? .null : nil }
            if case .type = field.type { return [:] }
            return .null
        case .list, .map: return field.isRequired ? .null : nil
        case .string: return field.isRequired && !field.isPointer ? "" : nil
        case .int32, .int64: return field.isRequired && !field.isPointer ? 0 : nil
        case .bool: return field.isRequired && !field.isPointer ? false : nil
        default: return nil
        }
    }
}

// MARK: - Structural schemas

extension MergeSchemaBuilder {
    /// The root of a custom resource: what its schema says, and the members of every object.
    mutating func rootIndex(of openAPIV3Schema: JSONValue) -> MergeSchema.TypeIndex {
        object(openAPIV3Schema, isRootOrEmbedded: true)
    }

    private mutating func index(of openAPI: JSONValue) -> MergeSchema.TypeIndex {
        if openAPI["x-kubernetes-int-or-string"]?.boolValue == true { return scalarIndex("untyped", .untyped) }
        switch openAPI["type"]?.stringValue {
        case "string": return scalarIndex("string", .string)
        case "integer", "number": return scalarIndex("numeric", .numeric)
        case "boolean": return scalarIndex("boolean", .boolean)
        case "array": return list(openAPI)
        case "object": return object(openAPI, isRootOrEmbedded: openAPI.isSet("x-kubernetes-embedded-resource"))
        default: return MergeSchema.deducedIndex
        }
    }

    private mutating func list(_ openAPI: JSONValue) -> MergeSchema.TypeIndex {
        let items = openAPI["items"] ?? [:]
        let relation: MergeSchema.ListType.Relation
        switch openAPI["x-kubernetes-list-type"]?.stringValue {
        case "set": relation = .set
        case "map":
            let keys = openAPI["x-kubernetes-list-map-keys"]?.arrayValue?.compactMap(\.stringValue) ?? []
            relation = .map(keys: keys.map { ($0, items["properties"]?[$0]?["default"]) })
        default: relation = .atomic
        }
        return add(.list(.init(relation: relation, element: index(of: items))))
    }

    private mutating func object(_ openAPI: JSONValue, isRootOrEmbedded: Bool) -> MergeSchema.TypeIndex {
        let properties = openAPI["properties"]?.objectValue?.members ?? []
        let isAtomic = openAPI["x-kubernetes-map-type"]?.stringValue == "atomic"
        let isOpen = openAPI.isSet("x-kubernetes-preserve-unknown-fields")
        var element: MergeSchema.TypeIndex?
        if let additional = openAPI["additionalProperties"], additional != false {
            element = additional == true ? MergeSchema.deducedIndex : index(of: additional)
        } else if isOpen || (properties.isEmpty && !isRootOrEmbedded) {
            // An object without properties can only be kept whole; upstream takes it for untyped.
            element = MergeSchema.deducedIndex
        }
        if properties.isEmpty, !isRootOrEmbedded, !isAtomic, openAPI["additionalProperties"] == nil {
            return MergeSchema.deducedIndex
        }
        var fields: [MergeSchema.Field] = []
        if isRootOrEmbedded {
            fields.append(.init(name: "apiVersion", type: scalarIndex("string", .string)))
            fields.append(.init(name: "kind", type: scalarIndex("string", .string)))
            fields.append(.init(name: "metadata", type: index(ofType: "meta/v1.ObjectMeta")))
        }
        let known = Set(fields.map(\.name))
        for property in properties where !known.contains(property.key) {
            fields.append(.init(name: property.key, type: index(of: property.value)))
        }
        return add(.map(.init(fields: fields, element: element, isAtomic: isAtomic)))
    }
}

extension JSONValue {
    fileprivate func isSet(_ key: String) -> Bool { self[key]?.boolValue == true }
}
