internal import APIMachinery

/// The messages of the built-in kinds, as upstream's generated protobuf code has them.
struct ProtobufSchema: Sendable {
    typealias MessageIndex = Int

    indirect enum Kind: Sendable {
        case string, bytes, int32, int64, bool, double
        /// `Time` and `MicroTime`: seconds 1, nanoseconds 2.
        case time, microTime
        /// Text in field 1.
        case quantity
        /// Which 1, number 2, text 3.
        case intOrString
        /// JSON text in field 1: `RawExtension`, `FieldsV1`, `JSON`.
        case raw
        case message(MessageIndex)
        /// A message whose fields are members of the object around it in JSON.
        case inlined(MessageIndex)
        case map(Kind)
        /// A list of texts in field 1 of a message of its own.
        case texts
        /// A flag 1 or a schema 2; a schema 1 or a list 2; a schema 1 or texts 2.
        case schemaOrBool(MessageIndex), schemaOrArray(MessageIndex), schemaOrTexts(MessageIndex)
    }

    struct Field: Sendable {
        let number: Int
        let name: String
        let kind: Kind
        var isRepeated = false
        /// Whether it is left out when absent. Values are written always.
        var isPointer = false
        /// Whether JSON has it even when it is zero.
        var isRequired = false
    }

    final class Message: Sendable {
        /// By number.
        let fields: [Field]
        private let indexes: NameIndex
        /// By number; -1 where there is no field.
        private let indexesByNumber: [Int]

        init(fields: [Field]) {
            let sorted = fields.sorted { $0.number < $1.number }
            self.fields = sorted
            indexes = NameIndex(sorted.map(\.name))
            var byNumber = [Int](repeating: -1, count: (sorted.last?.number ?? 0) + 1)
            for (index, field) in sorted.enumerated() { byNumber[field.number] = index }
            indexesByNumber = byNumber
        }

        func index(ofName name: String) -> Int? { indexes[name] }

        func index(ofNumber number: Int) -> Int? {
            guard number < indexesByNumber.count, indexesByNumber[number] >= 0 else { return nil }
            return indexesByNumber[number]
        }
    }

    let messages: [Message]
    private let indexes: [GroupVersionKind: MessageIndex]
    private let partialObject: MessageIndex
    private let partialObjectList: MessageIndex
    private let deleteOptions: MessageIndex
    private let rawList: MessageIndex

    static let builtIn = ProtobufSchema(.builtIn)

    private init(_ schema: Schema) {
        var builder = ProtobufSchemaBuilder(schema: schema)
        var indexes: [GroupVersionKind: MessageIndex] = [:]
        for type in schema.types.values.sorted(by: { $0.name < $1.name }) {
            let served = type.kinds.filter { kind in schema[kind]?.name == type.name }
            guard !served.isEmpty else { continue }
            let message = builder.index(ofType: type.name)
            for kind in served {
                indexes[kind] = message
                guard type["metadata"] != nil, type.name != "meta/v1.Status" else { continue }
                indexes[kind.listKind] = builder.addList(of: .message(message))
            }
        }
        deleteOptions = builder.index(ofType: "meta/v1.DeleteOptions")
        let metadata = Field(number: 1, name: "metadata", kind: .message(builder.index(ofType: "meta/v1.ObjectMeta")))
        partialObject = builder.add([metadata])
        partialObjectList = builder.addList(of: .message(partialObject))
        rawList = builder.addList(of: .raw)
        messages = builder.messages
        self.indexes = indexes
    }

    /// Nil for kinds that are not built in, which upstream has no messages for either.
    func message(for kind: GroupVersionKind) -> MessageIndex? {
        if let index = indexes[kind] { return index }
        switch (kind.group, kind.version, kind.kind) {
        case ("meta.k8s.io", "v1", "PartialObjectMetadata"): return partialObject
        case ("meta.k8s.io", "v1", "PartialObjectMetadataList"): return partialObjectList
        case ("meta.k8s.io", "v1", "Status"): return indexes[.init(group: "", version: "v1", kind: "Status")]
        case ("", "v1", "List"): return rawList
        case (_, _, "DeleteOptions"): return deleteOptions
        case (_, _, "WatchEvent"): return indexes[.init(group: "", version: "v1", kind: "WatchEvent")]
        default: return nil
        }
    }
}

extension GroupVersionKind {
    var listKind: GroupVersionKind { .init(group: group, version: version, kind: kind + "List") }
}

/// Collects the messages of types; types that refer to themselves are met once.
struct ProtobufSchemaBuilder {
    let schema: Schema
    private var built: [ProtobufSchema.Message?] = []
    private var names: [String: ProtobufSchema.MessageIndex] = [:]

    init(schema: Schema) { self.schema = schema }

    var messages: [ProtobufSchema.Message] { built.map { $0 ?? ProtobufSchema.Message(fields: []) } }

    mutating func add(_ fields: [ProtobufSchema.Field]) -> ProtobufSchema.MessageIndex {
        built.append(ProtobufSchema.Message(fields: fields))
        return built.count - 1
    }

    mutating func addList(of item: ProtobufSchema.Kind) -> ProtobufSchema.MessageIndex {
        add([
            .init(number: 1, name: "metadata", kind: .message(index(ofType: "meta/v1.ListMeta"))),
            .init(number: 2, name: "items", kind: item, isRepeated: true, isRequired: true),
        ])
    }

    mutating func index(ofType name: String) -> ProtobufSchema.MessageIndex {
        if let known = names[name] { return known }
        built.append(nil)
        let index = built.count - 1
        names[name] = index
        guard let type = schema[type: name] else { return index }
        let fields = type.fields.filter { !ProtobufNumbers.isTypeMeta($0, of: type) }.compactMap { field(of: $0, in: type) }
        built[index] = ProtobufSchema.Message(fields: inlining(fields, of: name))
        return index
    }

    /// Moves the fields that upstream embeds into messages of their own.
    private mutating func inlining(_ fields: [ProtobufSchema.Field], of name: String) -> [ProtobufSchema.Field] {
        var fields = fields
        for part in ProtobufNumbers.inlinedParts[name] ?? [] {
            let inner = fields.filter { part.contains($0.name) }
            fields.removeAll { part.contains($0.name) }
            fields.append(.init(number: part.number, name: "", kind: .inlined(add(inner))))
        }
        return fields
    }

    private mutating func field(of field: FieldSchema, in type: TypeSchema) -> ProtobufSchema.Field? {
        guard let number = field.protobufNumber ?? ProtobufNumbers.missing["\(type.name).\(field.name)"] else { return nil }
        if "\(type.name).\(field.name)" == "meta/v1.APIResource.verbs" {
            return .init(number: number, name: field.name, kind: .texts)
        }
        var isRepeated = false
        var element = field.type
        if case .list(let inner) = element {
            isRepeated = true
            element = inner
        }
        return .init(
            number: number, name: field.name, kind: kind(of: element), isRepeated: isRepeated,
            isPointer: !UpstreamShape.isValue(field, of: type), isRequired: field.isRequired)
    }

    private mutating func kind(of type: FieldType) -> ProtobufSchema.Kind {
        switch type {
        case .string: .string
        case .int32: .int32
        case .int64: .int64
        case .bool: .bool
        case .double: .double
        case .bytes: .bytes
        case .time: .time
        case .microTime: .microTime
        case .quantity: .quantity
        case .intOrString: .intOrString
        case .any: .raw
        case .list: .texts
        case .map(let element): .map(kind(of: element))
        case .type(let name): kind(ofType: name)
        }
    }

    private mutating func kind(ofType name: String) -> ProtobufSchema.Kind {
        let schemaName = "apiextensions/v1.JSONSchemaProps"
        switch name {
        case "base.RawExtension", "meta/v1.FieldsV1", "apiextensions/v1.JSON": return .raw
        case "base.Quantity": return .quantity
        case "base.IntOrString": return .intOrString
        case "meta/v1.Time": return .time
        case "meta/v1.MicroTime": return .microTime
        case "\(schemaName)OrBool": return .schemaOrBool(index(ofType: schemaName))
        case "\(schemaName)OrArray": return .schemaOrArray(index(ofType: schemaName))
        case "\(schemaName)OrStringArray": return .schemaOrTexts(index(ofType: schemaName))
        default: return .message(index(ofType: name))
        }
    }
}

/// What the schema tables do not say of upstream's messages.
enum ProtobufNumbers {
    /// Members that upstream keeps in an embedded message.
    struct InlinedPart: Sendable {
        /// Of the embedded message.
        let number: Int
        /// The members, or all but those.
        private let names: Set<String>
        private let isAllBut: Bool

        static func only(_ names: String..., number: Int) -> InlinedPart {
            InlinedPart(number: number, names: Set(names), isAllBut: false)
        }

        static func allBut(_ names: String..., number: Int) -> InlinedPart {
            InlinedPart(number: number, names: Set(names), isAllBut: true)
        }

        func contains(_ name: String) -> Bool { names.contains(name) != isAllBut }
    }

    /// Inner parts first, since an embedded message may embed another one.
    static let inlinedParts: [String: [InlinedPart]] = {
        let rule = InlinedPart.only("apiGroups", "apiVersions", "resources", "scope", number: 2)
        var parts: [String: [InlinedPart]] = [
            "core/v1.Volume": [.allBut("name", number: 2)],
            "core/v1.PersistentVolumeSpec": [
                .allBut(
                    "accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity", "persistentVolumeReclaimPolicy",
                    "storageClassName", "volumeAttributesClassName", "volumeMode", number: 2)
            ],
            "core/v1.Probe": [.only("exec", "grpc", "httpGet", "tcpSocket", number: 1)],
            "core/v1.EphemeralContainer": [.allBut("targetContainerName", number: 1)],
            "networking/v1.IngressRule": [.only("http", number: 2)],
            "admissionregistration/v1.RuleWithOperations": [rule],
            "admissionregistration/v1.NamedRuleWithOperations": [rule, .only("operations", "", number: 2)],
        ]
        for name in [
            "ConfigMapKeySelector", "SecretKeySelector", "ConfigMapEnvSource", "SecretEnvSource", "ConfigMapProjection",
            "SecretProjection", "ConfigMapVolumeSource",
        ] {
            parts["core/v1.\(name)"] = [.only("name", number: 1)]
        }
        return parts
    }()

    /// Numbers that the tables lack.
    static let missing: [String: Int] = {
        var numbers: [String: Int] = [:]
        func add(_ type: String, _ fields: KeyValuePairs<String, Int>) {
            for (field, number) in fields { numbers["\(type).\(field)"] = number }
        }
        add("meta/v1.WatchEvent", ["type": 1, "object": 2])
        add("apiregistration/v1.APIService", ["metadata": 1, "spec": 2, "status": 3])
        add(
            "apiregistration/v1.APIServiceSpec",
            [
                "service": 1, "group": 2, "version": 3, "insecureSkipTLSVerify": 4, "caBundle": 5, "groupPriorityMinimum": 7,
                "versionPriority": 8,
            ])
        add("apiregistration/v1.APIServiceStatus", ["conditions": 1])
        add(
            "apiregistration/v1.APIServiceCondition",
            ["type": 1, "status": 2, "lastTransitionTime": 3, "reason": 4, "message": 5])
        add("apiregistration/v1.ServiceReference", ["namespace": 1, "name": 2, "port": 3])
        return numbers
    }()

    /// Whether it is the `apiVersion` or `kind` of an object, which only the envelope carries.
    static func isTypeMeta(_ field: FieldSchema, of type: TypeSchema) -> Bool {
        (field.name == "apiVersion" || field.name == "kind") && (!type.kinds.isEmpty || type.name == "meta/v1.APIGroup")
    }
}
