package import APIMachinery

/// The strategies of the built-in kinds.
package enum BuiltInStrategies {
    /// - Returns: Nil for kinds that are not served as objects.
    package static func strategy(for kind: GroupVersionKind) -> (any ObjectStrategy)? { all[kind] }

    private static let all: [GroupVersionKind: BuiltInStrategy] = {
        var all: [GroupVersionKind: BuiltInStrategy] = [:]
        for resource in ServedResource.builtIn {
            if let strategy = BuiltInStrategy(resource) { all[resource.kind] = strategy }
        }
        return all
    }()
}

/// One built-in kind: its type in the schema, its profile and its tables.
struct BuiltInStrategy: ObjectStrategy {
    let typeName: String
    private let type: Int
    private let profile: KindProfile
    private let isNamespaced: Bool
    private let hasStatus: Bool
    private let printer: TablePrinter
    private let labels: FieldLabels
    /// An empty status as it is written, with its defaults, for kinds that have one.
    private let emptyStatus: JSONValue?

    init?(_ resource: ServedResource) {
        guard let name = Schema.builtIn[resource.kind]?.name, let type = TypeGraph.builtIn.index(ofType: name)
        else { return nil }
        typeName = name
        self.type = type
        profile = KindProfiles.profile(of: name)
        isNamespaced = resource.isNamespaced
        hasStatus = resource.subresources.contains { $0.name == "status" }
        printer = TablePrinters.printer(of: name)
        labels = FieldLabels.of(name)
        var canonicaliser = Canonicaliser(.builtIn)
        var empty = (try? canonicaliser.object(JSONObject(), type: type)) ?? JSONObject()
        Defaults.builtIn.apply(to: &empty, type: type)
        emptyStatus = empty["status"]
    }

    var allowsCreateOnUpdate: Bool { profile.allowsCreateOnUpdate }
    var allowsUnconditionalUpdate: Bool { profile.allowsUnconditionalUpdate }
    var deletion: DeletionPolicy { profile.deletion }
    var scale: ScalePaths? { profile.scale }
    var columns: [TableColumn] { printer.columns }
    var fieldLabels: [String] { labels.names }

    func cells(of object: JSONObject, now: TableClock) -> [JSONValue] { printer.cells(JSONField(.object(object), nil), now) }
    func rowConditions(of object: JSONObject) -> [JSONValue] { printer.conditions(JSONField(.object(object), nil)) }
    func fieldValue(_ label: String, of object: JSONObject) -> String { labels.value(label, object) }
    func unsupportedFieldLabel(_ label: String) -> String { labels.unsupported(label, kind: GoTypes.shortName(typeName)) }

    func canonical(_ object: JSONObject) throws(DecodingFailure) -> CanonicalObject {
        var canonicaliser = Canonicaliser(.builtIn)
        let result = try canonicaliser.object(object, type: type)
        return CanonicalObject(object: result, unknownFields: canonicaliser.unknownFields)
    }

    func applyDefaults(to object: inout JSONObject) { Defaults.builtIn.apply(to: &object, type: type) }

    func resetFields(subresource: String) -> [FieldPath] {
        guard hasStatus else { return [] }
        switch subresource {
        case "": return [FieldPath("status")]
        case "status":
            return profile.statusResetsMetadata
                ? [FieldPath("spec")] + Self.keptMetadata.map { FieldPath("metadata", $0) } : [FieldPath("spec")]
        default: return []
        }
    }

    /// What the status endpoint of some kinds leaves alone.
    private static let keptMetadata = [
        "deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers",
    ]
}

// MARK: Preparation

extension BuiltInStrategy {
    func prepareForCreate(_ object: inout JSONObject) {
        if hasStatus, !profile.keepsStatusOnCreate {
            object["status"] = emptyStatus
        }
        if !profile.generationMembers.isEmpty { object["metadata", default: [:]]["generation"] = 1 }
        profile.prepareForCreate?(&object)
    }

    func prepareForUpdate(_ object: inout JSONObject, old: JSONObject, subresource: String) {
        if hasStatus, subresource == "status" {
            keepAllButStatus(&object, old)
        } else if hasStatus, subresource.isEmpty {
            object["status"] = old["status"]
        }
        setGeneration(&object, old, mayGrow: subresource != "status")
        profile.prepareForUpdate?(&object, old, subresource)
    }

    private func keepAllButStatus(_ object: inout JSONObject, _ old: JSONObject) {
        for key in Set(object.keys + old.keys) where !["kind", "apiVersion", "metadata", "status"].contains(key) {
            object[key] = old[key]
        }
        guard profile.statusResetsMetadata else { return }
        for key in Self.keptMetadata { object["metadata", default: [:]][key] = old["metadata"]?[key] }
    }

    /// What the author says of the generation is ignored.
    private func setGeneration(_ object: inout JSONObject, _ old: JSONObject, mayGrow: Bool) {
        let before = old["metadata"]?["generation"]
        object["metadata", default: [:]]["generation"] = before
        guard mayGrow, !profile.generationMembers.isEmpty else { return }
        let isChanged =
            profile.generationMembers.contains { object[$0] != old[$0] }
            || profile.generationMetadata.contains { object["metadata"]?[$0] != old["metadata"]?[$0] }
        if isChanged { object["metadata", default: [:]]["generation"] = .integer((before?.integerValue ?? 0) + 1) }
    }
}

// MARK: Validation

extension BuiltInStrategy {
    func validate(_ object: JSONObject) -> [FieldError] {
        var validator = Validator()
        validator.report(
            all: ObjectMetaRules.validate(object["metadata"], isNamespaced: isNamespaced, name: profile.name))
        profile.validate?(&validator, JSONField(.object(object)))
        return validator.errors.unique
    }

    func validateUpdate(_ object: JSONObject, old: JSONObject, subresource: String) -> [FieldError] {
        var validator = Validator()
        validator.report(
            all: ObjectMetaRules.validateUpdate(object["metadata"], old: old["metadata"], isNamespaced: isNamespaced))
        let (new, before) = (JSONField(.object(object)), JSONField(.object(old)))
        let checksWhole = profile.validatesOnUpdate && (subresource.isEmpty || subresource == "scale")
        if checksWhole, typeName != "apps/v1.DaemonSet" { profile.validate?(&validator, new) }
        profile.validateUpdate?(&validator, new, before, subresource)
        if checksWhole, typeName == "apps/v1.DaemonSet" { profile.validate?(&validator, new) }
        return validator.errors.unique
    }

    func warnings(_ object: JSONObject, old: JSONObject?) -> [String] {
        let (new, before) = (JSONField(.object(object)), old.map { JSONField(.object($0)) })
        return CommonWarnings.warnings(new) + (profile.warnings?(new, before) ?? [])
    }
}

extension [FieldError] {
    /// Without those that say the same again: rules for metadata run for the endpoint and for the kind.
    fileprivate var unique: [FieldError] {
        guard count > 1 else { return self }
        var seen: Set<String> = []
        return filter { seen.insert($0.description).inserted }
    }
}
