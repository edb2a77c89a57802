internal import APIMachinery

/// What roles and bindings say together, ordered by who asks. A value: it is made anew when one of them changes.
struct RBACPolicy: Sendable {
    /// What one binding gives one subject.
    struct Grant: Sendable {
        var rules: [PolicyRule]
        /// For whoever asks why.
        var reason: String
        /// A binding to a role that does not exist.
        var problem: String?
    }

    /// By subject: from ClusterRoleBindings.
    private var everywhere: [String: [Grant]] = [:]
    /// By namespace and subject: from RoleBindings.
    private var inNamespaces: [String: [String: [Grant]]] = [:]
    private let clusterRoles: [String: [PolicyRule]]
    private let roles: [String: [PolicyRule]]

    init(roles: some Sequence<RoleObject>, bindings: some Sequence<BindingObject>) {
        let all = Array(roles)
        let cluster = all.filter(\.namespace.isEmpty)
        clusterRoles = Dictionary(cluster.map { ($0.name, Self.rules(of: $0, among: cluster)) }) { $1 }
        self.roles = Dictionary(all.filter { !$0.namespace.isEmpty }.map { ("\($0.namespace)/\($0.name)", $0.rules) }) { $1 }
        for binding in bindings.sorted(by: { ($0.namespace, $0.name) < ($1.namespace, $1.name) }) { add(binding) }
    }

    /// The role's own rules, or those of the roles that it gathers, each once.
    static func rules(of role: RoleObject, among all: [RoleObject]) -> [PolicyRule] {
        guard let selectors = role.aggregation else { return role.rules }
        var rules: [PolicyRule] = []
        for other in all.sorted(by: { $0.name < $1.name })
        where other.name != role.name && selectors.contains(where: { $0.matches(other.labels) }) {
            // A gathered role that gathers itself passes on what has been written into it.
            for rule in other.rules where !rules.contains(rule) { rules.append(rule) }
        }
        return rules
    }

    private mutating func add(_ binding: BindingObject) {
        let rules = self.rules(kind: binding.roleKind, name: binding.roleName, namespace: binding.namespace)
        let problem = rules == nil ? "\(binding.roleKind.lowercased()).rbac.authorization.k8s.io \(binding.roleName.quoted) not found" : nil
        for subject in binding.subjects {
            guard let key = subject.key else { continue }
            let grant = Grant(rules: rules ?? [], reason: binding.reason(for: subject), problem: problem)
            if binding.namespace.isEmpty {
                everywhere[key, default: []].append(grant)
            } else {
                inNamespaces[binding.namespace, default: [:]][key, default: []].append(grant)
            }
        }
    }

    /// - Parameter kind: `Role` or `ClusterRole`.
    /// - Returns: nil when there is no such role.
    func rules(kind: String, name: String, namespace: String) -> [PolicyRule]? {
        kind == "ClusterRole" ? clusterRoles[name] : roles["\(namespace)/\(name)"]
    }

    func decide(_ attributes: RequestAttributes) -> AuthorizationDecision {
        var namespace = ""
        if case .resource(let resource) = attributes.target { namespace = resource.namespace }
        var problems: [String] = []
        for grant in grants(for: attributes.user, in: namespace) {
            if grant.rules.contains(where: { $0.allows(attributes) }) { return .allowed(reason: grant.reason) }
            if let problem = grant.problem { problems.append(problem) }
        }
        switch problems.count {
        case 0: return .noOpinion(reason: "")
        case 1: return .noOpinion(reason: "RBAC: \(problems[0])")
        default: return .noOpinion(reason: "RBAC: [\(problems.joined(separator: ", "))]")
        }
    }

    /// Everything that a user may do in a namespace; empty for what holds everywhere.
    func rules(for user: UserInfo, in namespace: String) -> [PolicyRule] { grants(for: user, in: namespace).flatMap(\.rules) }

    private func grants(for user: UserInfo, in namespace: String) -> [Grant] {
        let keys = ["u:\(user.name)"] + user.groups.map { "g:\($0)" }
        var result: [Grant] = []
        for key in keys { if let grants = everywhere[key] { result += grants } }
        guard !namespace.isEmpty, let local = inNamespaces[namespace] else { return result }
        for key in keys { if let grants = local[key] { result += grants } }
        return result
    }
}
