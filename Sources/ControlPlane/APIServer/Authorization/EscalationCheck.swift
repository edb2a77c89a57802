package import APIMachinery

/// Nobody gives away rights that he does not have: refuses writes of roles and bindings that would.
package struct EscalationCheck: EscalationChecking {
    private static let group = "rbac.authorization.k8s.io"
    private let rbac: RBACAuthorizer
    /// Asked for the verbs `escalate` and `bind`, which lift the rule.
    private let authorizer: any Authorizer

    package init(rbac: RBACAuthorizer, authorizer: any Authorizer) {
        self.rbac = rbac
        self.authorizer = authorizer
    }

    /// - Parameter old: The object before an update; nil for a create.
    /// - Throws: 403 with the rights that are lacking; 404 when a binding's role does not exist.
    package func checkEscalation(
        resource: String, namespace: String, object: JSONValue, old: JSONValue?, by user: UserInfo
    ) throws(Status) {
        if user.groups.contains("system:masters") { return }
        switch resource {
        case "roles", "clusterroles": try checkRole(resource, namespace, object, old, user)
        case "rolebindings", "clusterrolebindings": try checkBinding(resource, namespace, object, old, user)
        default: break
        }
    }

    private func checkRole(
        _ resource: String, _ namespace: String, _ object: JSONValue, _ old: JSONValue?, _ user: UserInfo
    ) throws(Status) {
        let name = object["metadata"]?["name"]?.stringValue ?? ""
        let aggregates = !(object["aggregationRule"]?.isNull ?? true)
        if let old, old["rules"] == object["rules"], old["aggregationRule"] == object["aggregationRule"] { return }
        if may(user, "escalate", resource, namespace, name) { return }
        var wanted = PolicyRule.rules(of: object)
        if aggregates, old?["aggregationRule"] != object["aggregationRule"] { wanted = PolicyRule.fullAuthority }
        try confirm(user, holds: wanted, in: namespace, resource, name)
    }

    private func checkBinding(
        _ resource: String, _ namespace: String, _ object: JSONValue, _ old: JSONValue?, _ user: UserInfo
    ) throws(Status) {
        let name = object["metadata"]?["name"]?.stringValue ?? ""
        if let old, old["roleRef"] == object["roleRef"], old["subjects"] == object["subjects"] { return }
        let kind = object["roleRef"]?["kind"]?.stringValue ?? ""
        let role = object["roleRef"]?["name"]?.stringValue ?? ""
        let roleResource = kind == "ClusterRole" ? "clusterroles" : "roles"
        if may(user, "bind", roleResource, namespace, role) { return }
        guard let wanted = rbac.rules(ofRole: kind, name: role, namespace: namespace) else {
            throw .notFound(resource: roleResource, group: Self.group, name: role)
        }
        try confirm(user, holds: wanted, in: namespace, resource, name)
    }

    private func may(_ user: UserInfo, _ verb: String, _ resource: String, _ namespace: String, _ name: String) -> Bool {
        authorizer.authorize(
            RequestAttributes(
                user: user, verb: verb,
                resource: .init(group: Self.group, version: "v1", resource: resource, namespace: namespace, name: name))
        ).isAllowed
    }

    private func confirm(
        _ user: UserInfo, holds wanted: [PolicyRule], in namespace: String, _ resource: String, _ name: String
    ) throws(Status) {
        let missing = PolicyRule.missing(from: rbac.rules(for: user, in: namespace), of: wanted)
        guard !missing.isEmpty else { return }
        let rights = Set(missing.map(\.description)).sorted().joined(separator: "\n")
        let why =
            "user \(user.name.quoted) (groups=\(user.groups.quotedList)) is attempting to grant RBAC permissions not currently held:\n"
        var details = Status.Details()
        details.name = name
        details.group = Self.group
        details.kind = resource
        throw Status(
            code: 403, reason: .forbidden, message: "\(resource).\(Self.group) \(name.quoted) is forbidden: \(why)\(rights)",
            details: details)
    }
}
