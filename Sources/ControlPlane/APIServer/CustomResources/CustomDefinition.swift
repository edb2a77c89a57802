internal import APIMachinery
internal import KubernetesAPI

/// Turns a CustomResourceDefinition into resources, one for each served version.
struct CustomDefinition {
    struct Made {
        var resource: ResourceDefinition
        var document: OpenAPIDocuments.CustomResource
    }
    let definition: JSONObject

    private let converts: Bool

    /// - Parameter converts: false: objects are shown as they are stored, whichever version that was.
    init(_ definition: JSONObject, converts: Bool = true) {
        self.definition = definition
        self.converts = converts
    }

    private var spec: JSONValue { definition["spec"] ?? .null }
    private var names: JSONValue { spec["names"] ?? .null }
    private var group: String { spec["group"]?.stringValue ?? "" }
    private var versions: [JSONValue] { spec["versions"]?.arrayValue ?? [] }

    var resources: [Made] {
        guard let storage = versions.first(where: { $0["storage"]?.boolValue == true })?["name"]?.stringValue else { return [] }
        return versions.filter { $0["served"]?.boolValue == true }.map { made($0, storage: storage) }
    }

    private static let verbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"]

    private func made(_ version: JSONValue, storage: String) -> Made {
        func texts(_ value: JSONValue?) -> [String] { (value?.arrayValue ?? []).compactMap(\.stringValue) }
        let kindName = names["kind"]?.stringValue ?? ""
        let plural = names["plural"]?.stringValue ?? ""
        let kind = GroupVersionKind(group: group, version: version["name"]?.stringValue ?? "", kind: kindName)
        let isNamespaced = spec["scope"]?.stringValue == "Namespaced"
        let strategy = CustomStrategy(kind: kind, isNamespaced: isNamespaced, version: version)
        let stored = GroupVersionKind(group: group, version: storage, kind: kindName)
        let form = StoredForm(kind: stored, itemsCarryKind: true)
        var subresources: [ServedResource.Subresource] = []
        if strategy.hasStatus { subresources += Self.subresource("status", kind) }
        if strategy.scale != nil {
            let scale = GroupVersionKind(group: "autoscaling", version: "v1", kind: "Scale")
            subresources += Self.subresource("scale", scale)
        }
        let schema = version["schema"]?["openAPIV3Schema"]
        let singular = names["singular"]?.stringValue ?? kindName.lowercased()
        let resource = ResourceDefinition(
            kind: kind, plural: plural, singular: singular,
            listKind: names["listKind"]?.stringValue, isNamespaced: isNamespaced, shortNames: texts(names["shortNames"]),
            categories: texts(names["categories"]), verbs: Self.verbs, subresources: subresources,
            stored: .init(
                strategy: strategy, location: StorageLocation(group: group, plural: plural, form: form),
                applyType: ApplyType(openAPIV3Schema: schema), conversion: conversion(kind, stored), versionTypes: versionTypes),
            isCustom: true, deprecationWarning: deprecation(version, kind))
        return Made(resource: resource, document: .init(resource: Self.served(resource), openAPIV3Schema: schema))
    }

    /// The same as the tables have it for built-in resources.
    private static func served(_ resource: ResourceDefinition) -> ServedResource {
        var served = ServedResource.builtIn[0]
        served.kind = resource.kind
        served.plural = resource.plural
        served.singular = resource.singular
        served.isNamespaced = resource.isNamespaced
        served.shortNames = resource.shortNames
        served.categories = resource.categories
        served.verbs = resource.verbs
        served.subresources = resource.subresources
        return served
    }

    private static func subresource(_ name: String, _ kind: GroupVersionKind) -> [ServedResource.Subresource] {
        ServedResource.builtIn.lazy.flatMap(\.subresources).prefix(1).map { model in
            var subresource = model
            subresource.name = name
            subresource.verbs = ["get", "patch", "update"]
            subresource.kind = kind
            return subresource
        }
    }

    private func deprecation(_ version: JSONValue, _ kind: GroupVersionKind) -> String? {
        guard version["deprecated"]?.boolValue == true else { return nil }
        return version["deprecationWarning"]?.stringValue ?? "\(kind.apiVersion) \(kind.kind) is deprecated"
    }

    private var isConvertedByWebhook: Bool {
        converts && versions.count > 1 && spec["conversion"]?["strategy"]?.stringValue == "Webhook"
    }

    private func apiVersion(_ version: JSONValue) -> String { "\(group)/\(version["name"]?.stringValue ?? "")" }

    /// Fields of another version are known only where all versions have the same.
    private var versionTypes: [String: ApplyType] {
        guard !isConvertedByWebhook, versions.count > 1 else { return [:] }
        let types = versions.map { (apiVersion($0), ApplyType(openAPIV3Schema: $0["schema"]?["openAPIV3Schema"])) }
        return Dictionary(types, uniquingKeysWith: { $1 })
    }

    private var webhook: ConversionWebhook {
        let schemas = versions.compactMap { version in
            version["schema"]?["openAPIV3Schema"].map { (apiVersion(version), StructuralSchema($0)) }
        }
        return ConversionWebhook(spec["conversion"] ?? .null, schemas: Dictionary(schemas, uniquingKeysWith: { $1 }))
    }

    /// Strategy None: only the version's name changes. With a webhook also the storage version has objects that others wrote.
    private func conversion(_ kind: GroupVersionKind, _ stored: GroupVersionKind) -> ResourceDefinition.Conversion? {
        if isConvertedByWebhook { return .webhook(webhook) }
        guard kind != stored else { return nil }
        func named(_ version: String) -> @Sendable (JSONObject) -> JSONObject {
            { object in
                var object = object
                object["apiVersion"] = .string(version)
                return object
            }
        }
        return .local(fromStored: named(kind.apiVersion), toStored: named(stored.apiVersion))
    }
}
