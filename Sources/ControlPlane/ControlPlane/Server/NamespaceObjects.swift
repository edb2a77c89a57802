internal import APIMachinery
internal import APIServer
internal import KubernetesAPI
internal import Storage

/// Gives every namespace what pods in it cannot do without: the ServiceAccount `default`, and the ConfigMap `kube-root-ca.crt` with this
/// server's authority. kube-controller-manager's serviceaccount and root-ca-cert-publisher controllers do the same.
struct NamespaceObjects: Sendable {
    private static let namespaces = "/registry/core/namespaces/"
    private static let accounts = "/registry/core/serviceaccounts/"
    private static let maps = "/registry/core/configmaps/"
    private static let mapName = "kube-root-ca.crt"

    let storage: any StorageBackend
    /// PEM.
    let authority: String

    /// Works until it is cancelled, from this moment on: after every change of a namespace, or of one of its two objects.
    func run() -> Task<Void, Never> {
        let (names, signal) = AsyncStream.makeStream(of: String.self)
        let observation = storage.observe { events in
            for event in events { if let name = Self.namespace(concernedBy: event.key) { signal.yield(name) } }
        }
        return Task {
            defer { observation.cancel() }
            try? await reconcileAll()
            for await name in names { await reconcile(name) }
        }
    }

    /// All namespaces that are there now, at once.
    func reconcileAll() async throws(StorageError) {
        let all = try await storage.list(prefix: Self.namespaces, after: nil, limit: nil, at: nil)
        await withTaskGroup { group in
            for namespace in all.objects { group.addTask { await reconcile(String(namespace.key.dropFirst(Self.namespaces.count))) } }
        }
    }

    private func reconcile(_ name: String) async {
        // A store that fails says so to its clients.
        guard let namespace = try? await storage.get(Self.namespaces + name, at: nil), !isTerminating(namespace) else { return }
        var map = BootstrapObject(
            group: "", kind: "ConfigMap", path: "\(name)/\(Self.mapName)"[...],
            metadata: [
                "annotations": [
                    "kubernetes.io/description":
                        "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters."
                ]
            ])
        map.object["data"] = ["ca.crt": .string(authority)]
        let account = BootstrapObject(group: "", kind: "ServiceAccount", path: "\(name)/default"[...])
        try? await Bootstrapper(storage: storage, now: .now()).makeTrue([account, map])
    }

    private func isTerminating(_ namespace: StoredObject) -> Bool {
        (try? JSONValue(parsing: namespace.value))?["status"]?["phase"]?.stringValue == "Terminating"
    }

    private static func namespace(concernedBy key: String) -> String? {
        if key.hasPrefix(namespaces) { return String(key.dropFirst(namespaces.count)) }
        for (prefix, suffix) in [(accounts, "/default"), (maps, "/\(mapName)")] where key.hasPrefix(prefix) && key.hasSuffix(suffix) {
            return String(key.dropFirst(prefix.count).dropLast(suffix.count))
        }
        return nil
    }
}
