internal import APIMachinery

/// admissionregistration.k8s.io/v1 RuleWithOperations: which requests a webhook wants to see.
struct WebhookRule: Hashable, Sendable {
    enum Scope: String, Sendable { case all = "*", cluster = "Cluster", namespaced = "Namespaced" }

    var operations: [String]
    var groups: [String]
    var versions: [String]
    /// `pods`, `pods/log`, `pods/*` (pods too, as upstream reads it), `*/scale`, `*`, `*/*`.
    var resources: [String]
    var scope: Scope
    /// resourceNames of a policy's rule: only objects of these names; empty for all.
    var names: [String]

    init(_ json: JSONValue) {
        func texts(_ name: String) -> [String] { (json[name]?.arrayValue ?? []).compactMap(\.stringValue) }
        operations = texts("operations")
        groups = texts("apiGroups")
        versions = texts("apiVersions")
        resources = texts("resources")
        names = texts("resourceNames")
        scope = json["scope"]?.stringValue.flatMap(Scope.init) ?? .all
    }

    /// A request in the terms of rules.
    struct Subject: Hashable, Sendable {
        var operation: String
        var group: String
        var version: String
        var plural: String
        var subresource: String
        var name = ""
        /// Of a namespace its own name, as upstream has it.
        var namespace: String

        var isNamespaceObject: Bool { group.isEmpty && plural == "namespaces" }
    }

    func matches(_ subject: Subject) -> Bool {
        matchesScope(subject) && (names.isEmpty || names.contains(subject.name)) && Self.contains(operations, subject.operation)
            && Self.contains(groups, subject.group)
            && Self.contains(versions, subject.version) && resources.contains { Self.matches($0, subject) }
    }

    private func matchesScope(_ subject: Subject) -> Bool {
        switch scope {
        case .all: true
        case .namespaced: !subject.isNamespaceObject && !subject.namespace.isEmpty
        case .cluster: subject.isNamespaceObject || subject.namespace.isEmpty
        }
    }

    private static func contains(_ items: [String], _ item: String) -> Bool { items.contains { $0 == "*" || $0 == item } }

    /// A pattern without a slash means the resource itself and none of its subresources.
    private static func matches(_ pattern: String, _ subject: Subject) -> Bool {
        let parts = pattern.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let subresource = parts.count == 2 ? parts[1] : ""
        return (parts[0] == "*" || parts[0] == subject.plural) && (subresource == "*" || subresource == subject.subresource)
    }
}
