package import APIMachinery
package import KubernetesAPI

/// A resource as it is served in one version: its names, its verbs, where its objects lie, and the rules of its kind.
package final class ResourceDefinition: Sendable {
    package let kind: GroupVersionKind
    package let plural: String
    package let singular: String
    package let listKind: String
    package let isNamespaced: Bool
    package let shortNames: [String]
    package let categories: [String]
    package let verbs: [String]
    package let subresources: [ServedResource.Subresource]
    /// nil for what is never stored, such as reviews.
    package let stored: Stored?
    /// Of a CustomResourceDefinition: items of lists carry their kind, strategic merge is unknown.
    package let isCustom: Bool
    /// Sent as a warning with every answer: the version is deprecated.
    package let deprecationWarning: String?

    package struct Stored: Sendable {
        package var strategy: any ObjectStrategy
        package var location: StorageLocation
        /// How the fields of this version merge and are owned.
        package var applyType: ApplyType
        /// How to turn an object of the storage version into this resource's version and back; nil where they are the same.
        package var conversion: Conversion?
        /// Versions of a definition whose objects differ in their apiVersion alone: how their fields merge, by apiVersion.
        package var versionTypes: [String: ApplyType] = [:]
    }
    package enum Conversion: Sendable {
        case local(
            fromStored: @Sendable (JSONObject) -> JSONObject, toStored: @Sendable (JSONObject) -> JSONObject)
        /// An object may also have been stored in a version that was the storage version then. See `APIServer.prepare`.
        case webhook(ConversionWebhook)
    }

    package init(
        kind: GroupVersionKind, plural: String, singular: String, listKind: String? = nil, isNamespaced: Bool, shortNames: [String] = [],
        categories: [String] = [], verbs: [String], subresources: [ServedResource.Subresource] = [], stored: Stored?,
        isCustom: Bool = false, deprecationWarning: String? = nil
    ) {
        self.kind = kind
        self.plural = plural
        self.singular = singular
        self.listKind = listKind ?? kind.kind + "List"
        self.isNamespaced = isNamespaced
        self.shortNames = shortNames
        self.categories = categories
        self.verbs = verbs
        self.subresources = subresources
        self.stored = stored
        self.isCustom = isCustom
        self.deprecationWarning = deprecationWarning
    }

    package var group: String { kind.group }
    package var version: String { kind.version }

    package func subresource(_ name: String) -> ServedResource.Subresource? { subresources.first { $0.name == name } }
}

extension ResourceDefinition {
    /// The errors that name this resource.
    func notFound(_ name: String) -> Status { .notFound(resource: plural, group: group, name: name) }
    func alreadyExists(_ name: String) -> Status { .alreadyExists(resource: plural, group: group, name: name) }
    func conflict(_ name: String, _ why: String) -> Status { .conflict(resource: plural, group: group, name: name, why) }
    /// Upstream checks some fields twice: its text tells each error once, its causes tell all.
    func invalid(_ name: String, _ errors: [FieldError]) -> Status {
        var unique: [FieldError] = []
        for error in errors where !unique.contains(where: { $0.description == error.description }) { unique.append(error) }
        // Upstream names the kind as it is stored: an Event is one of the core, whichever way it came.
        var status = Status.invalid(kind: kind.kind, group: stored?.location.form.kind.group ?? group, name: name, unique)
        status.details?.causes = errors.map { Status.Cause($0) }
        return status
    }
    func forbidden(_ name: String, _ why: String) -> Status {
        var details = Status.Details()
        details.name = name
        details.group = group
        details.kind = plural
        let qualified = group.isEmpty ? plural : "\(plural).\(group)"
        return Status(code: 403, reason: .forbidden, message: "\(qualified) \(name.quoted) is forbidden: \(why)", details: details)
    }

    static let modifiedMessage = "the object has been modified; please apply your changes to the latest version and try again"
}
