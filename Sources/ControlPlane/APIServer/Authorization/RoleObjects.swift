internal import APIMachinery
internal import KubernetesAPI

/// A ClusterRole, or a Role of a namespace.
struct RoleObject: Hashable, Sendable {
    var name: String
    /// Empty for a ClusterRole.
    var namespace: String
    var labels: [String: String]
    var rules: [PolicyRule]
    /// The roles whose rules it has besides; nil for one that stands for itself.
    var aggregation: [Selector]?

    init(_ json: JSONValue) {
        name = json["metadata"]?["name"]?.stringValue ?? ""
        namespace = json["metadata"]?["namespace"]?.stringValue ?? ""
        let members = json["metadata"]?["labels"]?.objectValue?.members ?? []
        labels = Dictionary(members.map { ($0.key, $0.value.stringValue ?? "") }) { $1 }
        rules = PolicyRule.rules(of: json)
        aggregation = json["aggregationRule"]?["clusterRoleSelectors"]?.arrayValue.map { selectors in
            selectors.compactMap(Self.selector)
        }
    }

    /// A selector that cannot be read selects nothing.
    private static func selector(_ json: JSONValue) -> Selector? {
        var decoder = ObjectDecoder(options: .lenient)
        return try? LabelSelector.decode(json, &decoder)?.selector()
    }
}

/// A ClusterRoleBinding, or a RoleBinding of a namespace.
struct BindingObject: Hashable, Sendable {
    struct Subject: Hashable, Sendable {
        var kind: String
        var name: String
        var namespace: String
    }

    var name: String
    /// Empty for a ClusterRoleBinding.
    var namespace: String
    var roleKind: String
    var roleName: String
    var subjects: [Subject]

    init(_ json: JSONValue) {
        name = json["metadata"]?["name"]?.stringValue ?? ""
        let namespace = json["metadata"]?["namespace"]?.stringValue ?? ""
        self.namespace = namespace
        roleKind = json["roleRef"]?["kind"]?.stringValue ?? ""
        roleName = json["roleRef"]?["name"]?.stringValue ?? ""
        subjects = (json["subjects"]?.arrayValue ?? []).map { subject in
            Subject(
                kind: subject["kind"]?.stringValue ?? "", name: subject["name"]?.stringValue ?? "",
                namespace: subject["namespace"]?.stringValue ?? namespace)
        }
    }

    func reason(for subject: Subject) -> String {
        let binding = namespace.isEmpty ? "ClusterRoleBinding \(name.quoted)" : "RoleBinding \("\(name)/\(namespace)".quoted)"
        let who = subject.kind == "ServiceAccount" ? "\(subject.name)/\(subject.namespace)" : subject.name
        return "RBAC: allowed by \(binding) of \(roleKind) \(roleName.quoted) to \(subject.kind) \(who.quoted)"
    }
}

extension BindingObject.Subject {
    /// Under what users are looked up: `u:NAME` or `g:NAME`. A service account is a user by its full name.
    var key: String? {
        switch kind {
        case "User": "u:\(name)"
        case "Group": "g:\(name)"
        case "ServiceAccount": "u:system:serviceaccount:\(namespace):\(name)"
        default: nil
        }
    }
}
