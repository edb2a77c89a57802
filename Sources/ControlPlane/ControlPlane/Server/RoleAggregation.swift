internal import APIMachinery
internal import APIServer
internal import KubernetesAPI
internal import Storage

/// Writes the rules that aggregated ClusterRoles gather into them, so that readers see what authorization uses already.
struct RoleAggregation: Sendable {
    private static let prefix = "/registry/rbac.authorization.k8s.io/clusterroles/"
    let rbac: RBACAuthorizer
    let storage: any StorageBackend

    /// Works until it is cancelled: after every change of a ClusterRole, changes that come together once.
    func run() -> Task<Void, Never> {
        Task {
            let (changes, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
            let observation = storage.observe { events in
                if events.contains(where: { $0.key.hasPrefix(Self.prefix) }) { signal.yield() }
            }
            defer { observation.cancel() }
            await reconcile()
            for await _ in changes { await reconcile() }
        }
    }

    func reconcile() async {
        for (name, rules) in rbac.aggregatedRules {
            // A conflict is a change, and a change brings us back; a store that fails says so to its clients.
            try? await write(rules, into: name)
        }
    }

    private func write(_ rules: [PolicyRule], into name: String) async throws(StorageError) {
        let key = Self.prefix + name
        guard let stored = try await storage.get(key, at: nil), var role = (try? JSONValue(parsing: stored.value))?.objectValue else {
            return
        }
        let wanted: JSONValue = rules.isEmpty ? .null : .array(rules.map(\.json))
        guard (role["rules"] ?? .null) != wanted else { return }
        role["rules"] = wanted
        let kind = GroupVersionKind(group: "rbac.authorization.k8s.io", version: "v1", kind: "ClusterRole")
        let bytes = StoredForm(kind: kind, itemsCarryKind: false).bytes(of: role)
        _ = try await storage.put(key, bytes, if: .revision(stored.modRevision), expiresAfter: nil)
    }
}
