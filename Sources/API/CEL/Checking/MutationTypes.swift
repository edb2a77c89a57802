/// The types that mutating policies construct: `Object` with any fields below it, and `JSONPatch`.
package enum MutationTypes {
    package static let patch = CELObjectType(
        name: "JSONPatch", fields: ["op": .string, "path": .string, "from": .string, "value": .dynamic])

    static func object(_ name: String) -> CELObjectType? {
        if name == patch.name { return patch }
        guard name == "Object" || name.hasPrefix("Object.") else { return nil }
        return CELObjectType(name: name, fields: [:])
    }

    /// The fields of objects are not known: they have any type.
    static func field(_ name: String, of type: CELObjectType) -> CELType? {
        type.name == patch.name ? type.fields[name] : .dynamic
    }

    /// Whether each structure stands in the field that its type names: `Object.spec` in `spec` of `Object`.
    ///
    /// - Returns: What is wrong first; nil when all is right.
    package static func problem(in value: CELValue, path: String = "Object") -> String? {
        switch value {
        case .map(let map):
            if let name = map.typeName, name != path {
                return "unexpected type name \"\(name)\", expected \"\(path)\", which matches field name path from root Object type"
            }
            for entry in map.entries {
                guard case .string(let field) = entry.key else { continue }
                if let problem = problem(in: entry.value, path: map.typeName == nil ? path : "\(path).\(field)") { return problem }
            }
            return nil
        case .list(let list): return list.values.lazy.compactMap { problem(in: $0, path: path) }.first
        case .optional(let inner?): return problem(in: inner, path: path)
        default: return nil
        }
    }
}
