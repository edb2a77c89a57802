internal import APIMachinery
package import Storage
import Synchronization

/// Role-based access control over the roles and bindings of the store (rbac.authorization.k8s.io).
package final class RBACAuthorizer: Authorizer {
    private enum Object: Sendable {
        case role(RoleObject)
        case binding(BindingObject)
    }
    private struct Compiled {
        var policy: RBACPolicy
        var generation: Int
    }

    private static let group = "/registry/rbac.authorization.k8s.io/"
    private let objects: StoredMirror<Object>
    private let compiled = Mutex<Compiled?>(nil)

    package init(storage: any StorageBackend) async throws(StorageError) {
        let prefixes = ["clusterroles/", "clusterrolebindings/", "roles/", "rolebindings/"].map { Self.group + $0 }
        objects = try await StoredMirror(storage, prefixes: prefixes) { key, bytes in
            // What the store holds was written by the server; what is damaged grants nothing.
            guard let json = try? JSONValue(parsing: bytes) else { return nil }
            return key.dropFirst(Self.group.count).prefix { $0 != "/" }.hasSuffix("bindings")
                ? .binding(BindingObject(json)) : .role(RoleObject(json))
        }
    }

    package func authorize(_ attributes: RequestAttributes) -> AuthorizationDecision { policy.decide(attributes) }

    /// Everything that a user may do in a namespace, as SelfSubjectRulesReview lists it.
    package func rules(for user: UserInfo, in namespace: String) -> [PolicyRule] { policy.rules(for: user, in: namespace) }

    /// What a role gives; nil when there is none.
    func rules(ofRole kind: String, name: String, namespace: String) -> [PolicyRule]? {
        policy.rules(kind: kind, name: name, namespace: namespace)
    }

    /// Made anew by whoever asks first after a change.
    private var policy: RBACPolicy {
        let generation = objects.generation
        if let current = compiled.withLock({ $0 }), current.generation == generation { return current.policy }
        let (all, read) = objects.all()
        let roles = all.compactMap { if case .role(let role) = $0 { role } else { nil } }
        let bindings = all.compactMap { if case .binding(let binding) = $0 { binding } else { nil } }
        let new = Compiled(policy: RBACPolicy(roles: roles, bindings: bindings), generation: read)
        compiled.withLock { if ($0?.generation ?? -1) < read { $0 = new } }
        return new.policy
    }

    /// ClusterRoles that gather others' rules, with the rules that they are to have now.
    package var aggregatedRules: [String: [PolicyRule]] {
        let roles = objects.all().values.compactMap { object -> RoleObject? in
            if case .role(let role) = object, role.namespace.isEmpty { role } else { nil }
        }
        return Dictionary(
            roles.filter { $0.aggregation != nil }.map { ($0.name, RBACPolicy.rules(of: $0, among: roles)) }
        ) { $1 }
    }
}
