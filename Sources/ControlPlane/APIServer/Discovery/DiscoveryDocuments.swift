internal import APIMachinery
internal import KubernetesAPI

/// What is served, told to clients: the old documents, one for each group version, and the aggregated one.
struct DiscoveryDocuments {
    let registry: ResourceRegistry
    /// Of other servers.
    var extensions: [(service: AggregatedService, documents: ExtensionDocuments?)] = []

    // MARK: the old documents

    func apiVersions() -> JSONObject {
        [
            "kind": "APIVersions", "versions": .array(registry.versions(of: "").map { .string($0) }),
            "serverAddressByClientCIDRs": [["clientCIDR": "0.0.0.0/0", "serverAddress": ""]],
        ]
    }

    func groupList() -> JSONObject {
        let groups = groups.filter { !$0.isEmpty }.map { JSONValue.object(groupMembers($0)) }
        return ["kind": "APIGroupList", "apiVersion": "v1", "groups": .array(groups)]
    }

    /// - Returns: nil for a group that is not served.
    func group(_ name: String) -> JSONObject? {
        guard groups.contains(name) else { return nil }
        var object: JSONObject = ["kind": "APIGroup", "apiVersion": "v1"]
        for member in groupMembers(name).members { object.append(member.key, member.value) }
        return object
    }

    private func groupMembers(_ name: String) -> JSONObject {
        let versions = versions(of: name).map { version -> JSONValue in
            ["groupVersion": .string("\(name)/\(version)"), "version": .string(version)]
        }
        return ["name": .string(name), "versions": .array(versions), "preferredVersion": versions.first ?? .null]
    }

    /// - Returns: nil for a version that is not served.
    func resourceList(group: String, version: String) -> JSONObject? {
        guard registry.versions(of: group).contains(version) else { return nil }
        var object: JSONObject = ["kind": "APIResourceList"]
        if !group.isEmpty { object.append("apiVersion", "v1") }
        object.append("groupVersion", .string(group.isEmpty ? version : "\(group)/\(version)"))
        let resources = sorted(group, version).flatMap { resource in
            [apiResource(resource)] + subresources(resource).map { apiResource($0, of: resource) }
        }
        object.append("resources", .array(resources.map { .object($0) }))
        return object
    }

    private func apiResource(_ resource: ResourceDefinition) -> JSONObject {
        var object: JSONObject = [
            "name": .string(resource.plural), "singularName": .string(resource.singular), "namespaced": .bool(resource.isNamespaced),
            "kind": .string(resource.kind.kind), "verbs": texts(resource.verbs),
        ]
        appendNames(resource, &object)
        if let stored = resource.stored { object.append("storageVersionHash", .string(storageVersionHash(stored.location.form.kind))) }
        return object
    }

    private func apiResource(_ subresource: ServedResource.Subresource, of resource: ResourceDefinition) -> JSONObject {
        var object: JSONObject = [
            "name": .string("\(resource.plural)/\(subresource.name)"), "singularName": "", "namespaced": .bool(resource.isNamespaced),
        ]
        if !isOwn(subresource.kind, resource) {
            object.append("group", .string(subresource.kind.group))
            object.append("version", .string(subresource.kind.version))
        }
        object.append("kind", .string(subresource.kind.kind))
        object.append("verbs", texts(subresource.verbs))
        return object
    }

    private func appendNames(_ resource: ResourceDefinition, _ object: inout JSONObject) {
        if !resource.shortNames.isEmpty { object.append("shortNames", texts(resource.shortNames)) }
        if !resource.categories.isEmpty { object.append("categories", texts(resource.categories)) }
    }

    /// Equal in any two servers that store a kind in the same version: the first bytes of a hash of its name.
    private func storageVersionHash(_ kind: GroupVersionKind) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a
        for byte in "\(kind.group)/\(kind.version)/\(kind.kind)".utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return Base64Data((0..<8).map { UInt8(truncatingIfNeeded: hash >> (8 * $0)) }).base64
    }

    // MARK: the aggregated document

    /// - Parameters:
    ///   - isCore: The core group's, which stands at `/api`.
    ///   - version: Of apidiscovery.k8s.io.
    func aggregated(isCore: Bool, version: String) -> JSONObject {
        let groups = groups.filter { $0.isEmpty == isCore }
        return [
            "kind": "APIGroupDiscoveryList", "apiVersion": .string("apidiscovery.k8s.io/\(version)"), "metadata": .object(JSONObject()),
            "items": .array(groups.map { .object(groupDiscovery($0)) }),
        ]
    }

    private func groupDiscovery(_ group: String) -> JSONObject {
        let metadata: JSONObject = group.isEmpty ? JSONObject() : ["name": .string(group)]
        let versions = versions(of: group).map { version -> JSONValue in
            if let found = extensions.first(where: { $0.service.group == group && $0.service.version == version }) {
                return Self.versionDiscovery(version, found.documents)
            }
            let resources = sorted(group, version).map { JSONValue.object(resourceDiscovery($0)) }
            return ["version": .string(version), "resources": .array(resources), "freshness": "Current"]
        }
        return ["metadata": .object(metadata), "versions": .array(versions)]
    }

    /// - Parameter documents: nil as long as its server has never answered: then the version alone is known.
    private static func versionDiscovery(_ version: String, _ documents: ExtensionDocuments?) -> JSONValue {
        guard let documents else { return ["version": .string(version), "freshness": "Stale"] }
        return [
            "version": .string(version), "resources": .array(documents.resources),
            "freshness": documents.isCurrent ? "Current" : "Stale",
        ]
    }

    private func resourceDiscovery(_ resource: ResourceDefinition) -> JSONObject {
        var object: JSONObject = [
            "resource": .string(resource.plural), "responseKind": responseKind(resource.kind, resource),
            "scope": resource.isNamespaced ? "Namespaced" : "Cluster", "singularResource": .string(resource.singular),
            "verbs": texts(resource.verbs),
        ]
        appendNames(resource, &object)
        let subresources = subresources(resource).map { subresource -> JSONValue in
            [
                "subresource": .string(subresource.name), "responseKind": responseKind(subresource.kind, resource),
                "verbs": texts(subresource.verbs),
            ]
        }
        if !subresources.isEmpty { object.append("subresources", .array(subresources)) }
        return object
    }

    /// Group and version are left empty where they are those of the list itself; definitions of users always name them.
    private func responseKind(_ kind: GroupVersionKind, _ resource: ResourceDefinition) -> JSONValue {
        let isShort = isOwn(kind, resource) && !resource.isCustom
        return [
            "group": .string(isShort ? "" : kind.group), "version": .string(isShort ? "" : kind.version), "kind": .string(kind.kind),
        ]
    }

    private func isOwn(_ kind: GroupVersionKind, _ resource: ResourceDefinition) -> Bool {
        kind.group == resource.group && kind.version == resource.version
    }

    // MARK: groups and versions, whoever serves them

    /// Groups of this server stand in its own order, those of others among them by their priority.
    var groups: [String] {
        let own = registry.groups
        let others = Set(extensions.map(\.service.group)).subtracting(own)
        guard !others.isEmpty else { return own }
        let ranked =
            own.enumerated().map { (rank: ownPriority($1), place: $0, name: $1) }
            + others.map { group in (rank: priority(ofExtension: group), place: Int.max, name: group) }
        return ranked.sorted { left, right in
            if left.rank != right.rank { return left.rank > right.rank }
            // Defined by users, here or there.
            if left.rank <= Self.customPriority { return left.name < right.name }
            return (left.place, left.name) < (right.place, right.name)
        }.map(\.name)
    }

    /// groupPriorityMinimum of the groups that CustomResourceDefinitions make.
    private static let customPriority: Int64 = 1000

    private func ownPriority(_ group: String) -> Int64 {
        registry.resources.first { $0.group == group }?.isCustom == true ? Self.customPriority : .max
    }

    private func priority(ofExtension group: String) -> Int64 {
        extensions.lazy.map(\.service).filter { $0.group == group }.map(\.groupPriority).max() ?? 0
    }

    /// Those of others behind this server's own, the preferred first.
    private func versions(of group: String) -> [String] {
        let others = extensions.map(\.service).filter { $0.group == group }.sorted { left, right in
            if left.versionPriority != right.versionPriority { return left.versionPriority > right.versionPriority }
            return VersionPriority(left.version) < VersionPriority(right.version)
        }.map(\.version)
        return registry.versions(of: group).filter { !others.contains($0) } + others
    }

    private func sorted(_ group: String, _ version: String) -> [ResourceDefinition] {
        registry.resources(group: group, version: version).sorted { $0.plural < $1.plural }
    }
    private func subresources(_ resource: ResourceDefinition) -> [ServedResource.Subresource] {
        resource.subresources.sorted { $0.name < $1.name }
    }
    private func texts(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
}
