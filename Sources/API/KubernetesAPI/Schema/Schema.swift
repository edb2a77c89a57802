package import APIMachinery

/// What is known of the built-in types: their fields, how lists and maps merge, closed sets, defaults, protobuf numbers.
///
/// Types are named `GROUP/VERSION.Kind`, for example `core/v1.Container`; the group is the first part of its DNS name.
package struct Schema: Sendable {
    package let types: [String: TypeSchema]
    private let namesByKind: [GroupVersionKind: String]

    init(types: [TypeSchema]) {
        self.types = Dictionary(uniqueKeysWithValues: types.map { ($0.name, $0) })
        var names: [GroupVersionKind: String] = [:]
        for type in types {
            for kind in type.kinds { names[kind] = type.name }
        }
        namesByKind = names
    }

    /// All built-in types; parsed when first asked for.
    package static let builtIn = Schema(parsing: tables)

    package subscript(type name: String) -> TypeSchema? { types[name] }
    package subscript(kind: GroupVersionKind) -> TypeSchema? { namesByKind[kind].flatMap { types[$0] } }
}

package struct TypeSchema: Sendable {
    package var name: String
    /// The kinds that are served with this type; more than one for `DeleteOptions`.
    package var kinds: [GroupVersionKind] = []
    package var fields: [FieldSchema] = []
    /// Owned as one by server-side apply.
    package var isAtomic = false
    package var unions: [Union] = []
    /// Set for a type that is no object with known members: `date-time`, `int-or-string`, `string`, `any`.
    package var format: String?

    /// One of the members may be set, as the discriminator says.
    package struct Union: Hashable, Sendable {
        /// Empty where there is none.
        package var discriminator: String
        /// Member name to the discriminator's value.
        package var members: [String: String]
    }

    package subscript(field: String) -> FieldSchema? { fields.first { $0.name == field } }
}

package struct FieldSchema: Sendable {
    package enum ListType: String, Sendable { case atomic, set, map }

    package var name: String
    package var type: FieldType
    package var isRequired = false
    /// A scalar whose zero value is kept apart from its absence.
    package var isPointer = false
    package var protobufNumber: Int?
    /// A list with none is atomic.
    package var listType: ListType?
    package var listMapKeys: [String] = []
    package var isAtomicMap = false
    /// Of strategic merge patch: `merge`, `replace`, `retainKeys`.
    package var patchStrategies: [String] = []
    package var patchMergeKey: String?
    /// A closed set: other values are refused.
    package var enumValues: [String] = []
    /// Values in use of an open set.
    package var knownValues: [String] = []
    /// What the server sets when the field is absent, in JSON or in words.
    package var defaultText: String?
    /// The first version that has it, for example `>1.30`.
    package var since: String?
}

package indirect enum FieldType: Hashable, Sendable {
    case string, int32, int64, bool, double, bytes, time, microTime, quantity, intOrString
    /// Anything that JSON can say.
    case any
    case list(FieldType)
    case map(FieldType)
    /// Another type of the schema.
    case type(String)
}
