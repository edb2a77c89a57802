package import APIMachinery

/// How the values of a type merge: which lists are sets or maps, what is owned as one. Built from the built-in types or
/// from a custom resource's schema.
package struct MergeSchema: Sendable {
    /// An index of a type among `types`.
    package typealias TypeIndex = Int

    enum Scalar: Sendable { case string, numeric, boolean, untyped }

    enum MergeType: Sendable {
        case scalar(Scalar)
        case map(MapType)
        case list(ListType)
        /// As the value is: objects merge by member, lists are atomic.
        case deduced
    }

    final class MapType: Sendable {
        /// The members that the type declares.
        let fields: [Field]
        /// What other members are; nil when there may be none.
        let element: TypeIndex?
        /// Owned as one.
        let isAtomic: Bool
        private let indexes: NameIndex

        init(fields: [Field], element: TypeIndex?, isAtomic: Bool) {
            self.fields = fields
            self.element = element
            self.isAtomic = isAtomic
            indexes = NameIndex(fields.map(\.name))
        }

        func field(_ name: String) -> Field? { indexes[name].map { fields[$0] } }
    }

    struct Field: Sendable {
        let name: String
        let type: TypeIndex
        /// What upstream's Go value holds when JSON has no such member; nil where it then has none either.
        var zeroValue: JSONValue?
    }

    final class ListType: Sendable {
        enum Relation: Sendable {
            case atomic, set
            case map(keys: [(name: String, defaultValue: JSONValue?)])
        }

        let relation: Relation
        let element: TypeIndex

        init(relation: Relation, element: TypeIndex) {
            self.relation = relation
            self.element = element
        }
    }

    private(set) var types: [MergeType]
    /// What anything without a schema is.
    static let deducedIndex: TypeIndex = 0

    init(types: [MergeType]) { self.types = types }
}

/// The type of an object, ready for server-side apply.
package struct ApplyType: Sendable {
    let schema: MergeSchema
    let root: MergeSchema.TypeIndex
    /// Whether the type can change while objects of it are stored.
    let isCustom: Bool

    /// A type of which nothing is known: objects merge by member, lists are atomic.
    package static let untyped = ApplyType(
        schema: MergeSchema(types: [.deduced]), root: MergeSchema.deducedIndex)

    /// A built-in kind; nil for others.
    package static func builtIn(_ kind: GroupVersionKind) -> ApplyType? {
        guard let name = Schema.builtIn[kind]?.name, let root = builtInTypes.names[name] else { return nil }
        return ApplyType(schema: builtInTypes.schema, root: root, isCustom: false)
    }

    private static let builtInTypes: (schema: MergeSchema, names: [String: MergeSchema.TypeIndex]) = {
        var builder = MergeSchemaBuilder(schema: .builtIn)
        for name in Schema.builtIn.types.keys.sorted() { _ = builder.index(ofType: name) }
        return (MergeSchema(types: builder.types), builder.names)
    }()

    /// A custom resource's version.
    ///
    /// - Parameter openAPIV3Schema: Its structural schema; nil where it has none, as with preserved unknown fields.
    package init(openAPIV3Schema: JSONValue?) {
        var builder = MergeSchemaBuilder(schema: .builtIn)
        root = builder.rootIndex(of: openAPIV3Schema ?? ["x-kubernetes-preserve-unknown-fields": true])
        schema = MergeSchema(types: builder.types)
        isCustom = true
    }

    init(schema: MergeSchema, root: MergeSchema.TypeIndex, isCustom: Bool = true) {
        self.schema = schema
        self.root = root
        self.isCustom = isCustom
    }
}
