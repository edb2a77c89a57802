internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Fills Secrets of the type kubernetes.io/service-account-token, and deletes those whose account is gone.
///
/// The token is asked of the API server, bound to its Secret: it holds as long as that.
package struct TokenSecrets: Controller {
    package static let name = "tokens-controller"
    package static let user = "system:kube-controller-manager"
    private static let type = "kubernetes.io/service-account-token"
    private static let accountName = "kubernetes.io/service-account.name"
    private static let accountUID = "kubernetes.io/service-account.uid"
    private static let index = "service-account"
    /// The longest that a request may ask for (2^32 s): until the Secret goes.
    private static let lifetimeSeconds: Int64 = 1 << 32

    private let context: ControllerContext
    private let secrets: Informer<Secret>
    private let accounts: Informer<ServiceAccount>
    private let queue: WorkQueue<ObjectKey>

    package init(_ context: ControllerContext) {
        self.context = context
        secrets = context.informers.informer(Secret.self)
        accounts = context.informers.informer(ServiceAccount.self)
        let queue = WorkQueue<ObjectKey>(time: context.time)
        self.queue = queue
        let secrets = secrets
        secrets.addIndex(Self.index) { secret in
            guard secret.type == Self.type, let account = secret.metadata.annotations[Self.accountName] else { return [] }
            return ["\(secret.metadata.namespace ?? "")/\(account)"]
        }
        secrets.addHandler { event in
            switch event {
            case .added(let secret), .updated(_, let secret): if secret.type == Self.type { queue.add(ObjectKey(secret)) }
            case .deleted: break
            }
        }
        accounts.addHandler { event in
            let account: ServiceAccount
            switch event {
            case .added(let one), .deleted(let one): account = one
            case .updated: return
            }
            for secret in secrets.objects(index: Self.index, value: ObjectKey(account).description) { queue.add(ObjectKey(secret)) }
        }
    }

    package func run() async {
        await KeyedLoop(context, queue: queue) { try await reconcile($0) }.run()
    }

    private func reconcile(_ key: ObjectKey) async throws -> Reconciler<ObjectKey>.Outcome {
        guard var secret = secrets[key], secret.metadata.deletionTimestamp == nil, secret.type == Self.type else { return .done }
        let name = secret.metadata.annotations[Self.accountName] ?? ""
        guard let account = try await account(namespace: key.namespace, name: name), isMeant(account, by: secret) else {
            try await ignoringAbsence { () throws(ClientError) in
                try await client(key.namespace).delete(key.name, uid: secret.metadata.uid)
            }
            return .done
        }
        let wanted = try await data(of: secret, account)
        guard secret.data != wanted || secret.metadata.annotations[Self.accountUID] != account.metadata.uid else { return .done }
        secret.data = wanted
        secret.metadata.annotations[Self.accountUID] = account.metadata.uid
        try await ignoringAbsence { () throws(ClientError) in _ = try await client(key.namespace).update(secret) }
        return .done
    }

    private func isMeant(_ account: ServiceAccount, by secret: Secret) -> Bool {
        let uid = secret.metadata.annotations[Self.accountUID] ?? ""
        return uid.isEmpty || uid == account.metadata.uid
    }

    /// Asked for when the copy does not have it: a Secret deleted by error can't be made again.
    private func account(namespace: String, name: String) async throws(ClientError) -> ServiceAccount? {
        if let known = accounts[ObjectKey(namespace: namespace, name: name)] { return known }
        do throws(ClientError) {
            return try await context.client.resource(ServiceAccount.self, namespace: namespace).get(name)
        } catch {
            guard error.isNotFound else { throw error }
            return nil
        }
    }

    private func data(of secret: Secret, _ account: ServiceAccount) async throws(ClientError) -> [String: Base64Data] {
        var data = secret.data
        data["namespace"] = Base64Data(Array((secret.metadata.namespace ?? "").utf8))
        if let authority = context.settings.authority { data["ca.crt"] = Base64Data(Array(authority.certificate.utf8)) }
        if (data["token"]?.bytes ?? []).isEmpty { data["token"] = Base64Data(Array(try await token(for: secret, account).utf8)) }
        return data
    }

    private func token(for secret: Secret, _ account: ServiceAccount) async throws(ClientError) -> String {
        let namespace = secret.metadata.namespace ?? ""
        var request = APIRequest(
            method: "POST", path: "/api/v1/namespaces/\(namespace)/serviceaccounts/\(account.metadata.name ?? "")/token")
        request.headers["Content-Type"] = "application/json"
        let ask: JSONValue = [
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
            "spec": [
                "audiences": [], "expirationSeconds": .integer(Self.lifetimeSeconds),
                "boundObjectRef": [
                    "apiVersion": "v1", "kind": "Secret", "name": .string(secret.metadata.name ?? ""),
                    "uid": .string(secret.metadata.uid ?? ""),
                ],
            ],
        ]
        request.body = ask.serialized(.compact)
        let answer = try await context.client.object(request)
        guard let token = answer["status"]?["token"]?.stringValue else { throw .unreadable("the token request's answer has no token") }
        return token
    }

    private func client(_ namespace: String) -> ResourceClient<Secret> { context.client.resource(Secret.self, namespace: namespace) }
}
