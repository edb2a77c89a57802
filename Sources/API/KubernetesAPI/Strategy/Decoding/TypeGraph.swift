internal import APIMachinery

/// The schema's types with their references resolved to indexes, so that walking an object looks nothing up by name.
struct TypeGraph: Sendable {
    indirect enum Shape: Sendable {
        case string, int32, int64, bool, double, bytes, time, microTime, quantity, intOrString
        case any
        case list(Shape)
        case map(Shape)
        case object(Int)
    }

    struct Field: Sendable {
        let name: String
        let shape: Shape
        /// What stands in the object when the field is absent or zero; nil when upstream omits it.
        let filler: Filler?
        /// Whether the zero value is kept apart from absence.
        let isPointer: Bool
    }

    enum Filler: Sendable {
        case value(JSONValue)
        /// A structure that is always there, with its own fillers.
        case structure(Int)
    }

    struct Node: Sendable {
        let name: String
        let fields: [Field]
        let isKind: Bool

        /// - Parameter hint: Where the member stands when members come in the type's order.
        func index(of key: String, after hint: Int) -> Int? {
            if hint < fields.count, fields[hint].name == key { return hint }
            return fields.firstIndex { $0.name == key }
        }
    }

    let nodes: [Node]
    private let indexByName: [String: Int]

    func index(ofType name: String) -> Int? { indexByName[name] }

    static let builtIn = TypeGraph(.builtIn)

    init(_ schema: Schema) {
        let names = schema.types.keys.sorted()
        let indexes = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($0.element, $0.offset) })
        indexByName = indexes
        nodes = names.map { name in
            let type = schema.types[name] ?? TypeSchema(name: name)
            return Node(
                name: name, fields: Self.fields(of: type, schema, indexes), isKind: !type.kinds.isEmpty)
        }
    }

    private static func fields(of type: TypeSchema, _ schema: Schema, _ indexes: [String: Int]) -> [Field] {
        let ordered = type.fields.enumerated().sorted { left, right in
            let (a, b) = (Self.rank(left.element), Self.rank(right.element))
            return a != b ? a < b : left.offset < right.offset
        }
        return ordered.map { _, field in
            let shape = Self.shape(field.type, schema, indexes)
            return Field(
                name: field.name, shape: shape, filler: FieldFillers.filler(of: field, in: type, shape),
                isPointer: field.isPointer)
        }
    }

    /// `kind` and `apiVersion` come first, as upstream embeds them; then the order of the protobuf numbers.
    private static func rank(_ field: FieldSchema) -> Int {
        switch field.name {
        case "kind" where field.protobufNumber == nil: -2
        case "apiVersion" where field.protobufNumber == nil: -1
        default: field.protobufNumber ?? Int.max
        }
    }

    /// Types that hold whatever JSON says.
    private static func isOpen(_ name: String) -> Bool {
        name.hasSuffix(".RawExtension") || name.hasSuffix(".FieldsV1") || name.hasSuffix(".JSON")
    }

    private static func shape(_ type: FieldType, _ schema: Schema, _ indexes: [String: Int]) -> Shape {
        switch type {
        case .string: return .string
        case .int32: return .int32
        case .int64: return .int64
        case .bool: return .bool
        case .double: return .double
        case .bytes: return .bytes
        case .time: return .time
        case .microTime: return .microTime
        case .quantity: return .quantity
        case .intOrString: return .intOrString
        case .any: return .any
        case .list(let element): return .list(shape(element, schema, indexes))
        case .map(let element): return .map(shape(element, schema, indexes))
        case .type(let name):
            guard let index = indexes[name], let schemaType = schema.types[name], schemaType.format == nil, !isOpen(name) else {
                return .any
            }
            return .object(index)
        }
    }
}

/// Which members upstream writes although they are empty: those without `omitempty`, and structures that are no pointers.
enum FieldFillers {
    static func filler(of field: FieldSchema, in type: TypeSchema, _ shape: TypeGraph.Shape) -> TypeGraph.Filler? {
        let key = "\(type.name).\(field.name)"
        if case .object(let index) = shape {
            return isPlain(field, in: type, key) ? .structure(index) : nil
        }
        if let value = always[key] { return .value(value) }
        guard field.isRequired, !omitted.contains(key) else { return nil }
        switch shape {
        case .string where !field.isPointer: return .value("")
        case .int32 where !field.isPointer, .int64 where !field.isPointer: return .value(0)
        case .bool where !field.isPointer: return .value(false)
        case .list, .map, .time, .microTime: return .value(.null)
        case .quantity: return .value("0")
        case .intOrString: return .value(0)
        default: return nil
        }
    }

    private static func isPlain(_ field: FieldSchema, in type: TypeSchema, _ key: String) -> Bool {
        if pointers.contains(key) { return false }
        if field.isRequired || plain.contains(key) { return true }
        if field.type == .type("meta/v1.ObjectMeta") || field.type == .type("meta/v1.ListMeta") { return true }
        return !type.kinds.isEmpty && (field.name == "spec" || field.name == "status")
    }

    /// Required structures that are pointers: absent they stay absent, for validation to tell.
    private static let pointers: Set<String> = [
        "apps/v1.DaemonSetSpec.selector", "apps/v1.DeploymentSpec.selector", "apps/v1.ReplicaSetSpec.selector",
        "apps/v1.StatefulSetSpec.selector", "networking/v1.IPAddressSpec.parentRef",
        "admissionregistration/v1.ValidatingAdmissionPolicySpec.matchConstraints",
        "apiextensions/v1.CustomResourceDefinitionVersion.schema",
    ]

    /// Optional structures that are no pointers, beside `metadata`, and `spec` and `status` of every kind.
    private static let plain: Set<String> = [
        "apps/v1.DaemonSetSpec.updateStrategy", "apps/v1.DeploymentSpec.strategy",
        "apps/v1.StatefulSetSpec.updateStrategy", "batch/v1.JobTemplateSpec.spec", "core/v1.Container.resources",
        "core/v1.ContainerStatus.lastState", "core/v1.ContainerStatus.state", "core/v1.EphemeralContainer.resources",
        "core/v1.Event.source", "core/v1.NodeDaemonEndpoints.kubeletEndpoint", "core/v1.NodeStatus.daemonEndpoints",
        "core/v1.NodeStatus.nodeInfo", "core/v1.PersistentVolumeClaimSpec.resources", "core/v1.PodTemplate.template",
        "core/v1.PodTemplateSpec.spec", "apps/v1.ReplicaSetSpec.template", "core/v1.ServiceStatus.loadBalancer",
        "discovery/v1.Endpoint.conditions",
        "networking/v1.IngressStatus.loadBalancer", "events/v1.Event.deprecatedSource", "events/v1.Event.regarding",
        "apiextensions/v1.CustomResourceDefinitionStatus.acceptedNames",
    ]

    /// Optional members that are written all the same.
    private static let always: [String: JSONValue] = [
        "core/v1.Event.firstTimestamp": nil, "core/v1.Event.lastTimestamp": nil, "core/v1.Event.eventTime": nil,
        "core/v1.Event.reportingComponent": "", "core/v1.Event.reportingInstance": "",
        "events/v1.Event.eventTime": nil, "events/v1.Event.deprecatedFirstTimestamp": nil,
        "events/v1.Event.deprecatedLastTimestamp": nil,
        "apps/v1.StatefulSetSpec.serviceName": "", "apps/v1.StatefulSetStatus.availableReplicas": 0,
        "autoscaling/v2.HorizontalPodAutoscalerStatus.currentMetrics": nil,
        "core/v1.PodCondition.lastProbeTime": nil, "core/v1.PodCondition.lastTransitionTime": nil,
        "core/v1.PersistentVolumeClaimCondition.lastProbeTime": nil,
        "core/v1.PersistentVolumeClaimCondition.lastTransitionTime": nil,
        "core/v1.NodeCondition.lastHeartbeatTime": nil, "core/v1.NodeCondition.lastTransitionTime": nil,
        "core/v1.ContainerStateRunning.startedAt": nil, "core/v1.ContainerStateTerminated.startedAt": nil,
        "core/v1.ContainerStateTerminated.finishedAt": nil, "core/v1.ProjectedVolumeSource.sources": nil,
        "apps/v1.DeploymentCondition.lastUpdateTime": nil, "apps/v1.DeploymentCondition.lastTransitionTime": nil,
        "batch/v1.JobCondition.lastProbeTime": nil, "batch/v1.JobCondition.lastTransitionTime": nil,
        "apiextensions/v1.CustomResourceDefinitionStatus.conditions": nil,
        "apiextensions/v1.CustomResourceDefinitionStatus.storedVersions": nil,
    ]

    /// Required by the published schema and yet omitted when empty.
    private static let omitted: Set<String> = ["core/v1.ServiceSpec.ports"]
}
