internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Deletes tokens for joining nodes when their time is over.
package struct BootstrapTokenCleaner: Controller {
    package static let name = "token-cleaner"
    private static let namespace = "kube-system"
    private static let type = "bootstrap.kubernetes.io/token"
    private let context: ControllerContext
    private let secrets: Informer<Secret>
    private let queue: WorkQueue<ObjectKey>

    package init(_ context: ControllerContext) {
        self.context = context
        secrets = context.informers.informer(Secret.self)
        let queue = WorkQueue<ObjectKey>(time: context.time)
        self.queue = queue
        secrets.addHandler { event in
            switch event {
            case .added(let secret), .updated(_, let secret):
                if secret.type == Self.type, secret.metadata.namespace == Self.namespace { queue.add(ObjectKey(secret)) }
            case .deleted: break
            }
        }
    }

    package func run() async {
        await KeyedLoop(context, queue: queue) { try await reconcile($0) }.run(workers: 1)
    }

    private func reconcile(_ key: ObjectKey) async throws -> Reconciler<ObjectKey>.Outcome {
        guard let secret = secrets[key], let bytes = secret.data["expiration"]?.bytes else { return .done }
        // An expiration that can't be read counts as over, as the authenticator has it.
        let end = Timestamp(String(decoding: bytes, as: UTF8.self))
        if let end, end > context.time.wallTime { return .again(after: end - context.time.wallTime) }
        try await ignoringAbsence { () throws(ClientError) in
            try await context.client.resource(Secret.self, namespace: key.namespace).delete(key.name, uid: secret.metadata.uid)
        }
        return .done
    }
}
