package import APIMachinery
package import KubernetesAPI

/// A resource that a server serves, built in or custom.
package struct DiscoveredResource: Hashable, Sendable, CustomStringConvertible {
    package var kind: GroupVersionKind
    package var plural: String
    package var isNamespaced: Bool
    package var verbs: Set<String>
    package var subresources: Set<String>

    package init(
        kind: GroupVersionKind, plural: String, isNamespaced: Bool, verbs: Set<String> = [], subresources: Set<String> = []
    ) {
        self.kind = kind
        self.plural = plural
        self.isNamespaced = isNamespaced
        self.verbs = verbs
        self.subresources = subresources
    }

    package var path: ResourcePath { ResourcePath(kind, plural: plural) }

    /// `pods`, `deployments.apps`: the same in every version.
    package var name: String { kind.group.isEmpty ? plural : "\(plural).\(kind.group)" }

    /// As Go prints a GroupVersionResource: `apps/v1, Resource=deployments`, of the core group `/v1, Resource=pods`.
    package var description: String { "\(kind.group)/\(kind.version), Resource=\(plural)" }

    package static func == (left: Self, right: Self) -> Bool { left.kind == right.kind && left.plural == right.plural }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(kind)
        hasher.combine(plural)
    }
}

extension Client {
    private static let aggregated =
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
        + "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"

    /// Every resource, each in the version that the server prefers (the aggregated discovery document, apidiscovery.k8s.io).
    package func discoverResources() async throws(ClientError) -> [DiscoveredResource] {
        var all: [DiscoveredResource] = []
        for path in ["/api", "/apis"] {
            var request = APIRequest(path: path)
            request.headers["Accept"] = Self.aggregated
            all += Self.preferred(try await object(request))
        }
        return all
    }

    /// - Parameter document: An APIGroupDiscoveryList; versions stand in the order of preference.
    static func preferred(_ document: JSONValue) -> [DiscoveredResource] {
        var found: [DiscoveredResource] = []
        for group in document["items"]?.arrayValue ?? [] {
            let name = group["metadata"]?["name"]?.stringValue ?? ""
            var plurals: Set<String> = []
            for version in group["versions"]?.arrayValue ?? [] where version["freshness"]?.stringValue != "Stale" {
                for resource in version["resources"]?.arrayValue ?? [] {
                    guard let plural = resource["resource"]?.stringValue, plurals.insert(plural).inserted else { continue }
                    found.append(Self.resource(plural, resource, group: name, version: version["version"]?.stringValue ?? ""))
                }
            }
        }
        return found
    }

    private static func resource(_ plural: String, _ json: JSONValue, group: String, version: String) -> DiscoveredResource {
        DiscoveredResource(
            kind: GroupVersionKind(group: group, version: version, kind: json["responseKind"]?["kind"]?.stringValue ?? ""),
            plural: plural, isNamespaced: json["scope"]?.stringValue == "Namespaced", verbs: texts(json["verbs"]),
            subresources: Set((json["subresources"]?.arrayValue ?? []).compactMap { $0["subresource"]?.stringValue }))
    }

    private static func texts(_ json: JSONValue?) -> Set<String> { Set((json?.arrayValue ?? []).compactMap(\.stringValue)) }

    /// The metadata of a resource's objects.
    ///
    /// - Parameter namespace: nil for a cluster-wide kind, or for all namespaces in a list or watch.
    package func metadata(of resource: DiscoveredResource, namespace: String? = nil) -> ResourceClient<PartialObjectMetadata> {
        ResourceClient(
            client: self, path: resource.path, namespace: (namespace ?? "").isEmpty ? nil : namespace, accept: PartialObjectMetadata.accept,
            listAccept: PartialObjectMetadata.listAccept)
    }
}
