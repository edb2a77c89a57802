internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Approves the requests of node agents for their own certificates, signs what is approved, and removes requests that are over.
package struct CertificateController: Controller {
    package static let name = "certificate-controller"
    private static let cleaning = Duration.seconds(3600)

    private let context: ControllerContext
    private let requests: Informer<CertificateSigningRequest>
    private let nodes: Informer<Node>
    private let queue: WorkQueue<ObjectKey>
    private let signer: CertificateSigner?

    package init(_ context: ControllerContext) {
        self.context = context
        do { signer = try context.settings.authority.map { try CertificateSigner($0) } } catch {
            context.report("read the cluster's authority: \(error)")
            signer = nil
        }
        requests = context.informers.informer(CertificateSigningRequest.self)
        nodes = context.informers.informer(Node.self)
        let queue = WorkQueue<ObjectKey>(time: context.time)
        self.queue = queue
        requests.addHandler { event in
            switch event {
            case .added(let request), .updated(_, let request): queue.add(ObjectKey(request))
            case .deleted: break
            }
        }
        guard context.settings.servingApproval != nil else { return }
        nodes.addHandler { [requests] event in
            // A node's agent asks for its certificate perhaps before its node has told its addresses.
            guard case .updated(let old, let new) = event, old.status.addresses != new.status.addresses else { return }
            for request in requests.objects() where request.spec.signerName == SignerRules.kubeletServing { queue.add(ObjectKey(request)) }
        }
    }

    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await KeyedLoop(context, queue: queue) { try await reconcile($0) }.run() }
            group.addTask { await clean() }
        }
    }

    private func reconcile(_ key: ObjectKey) async throws -> Reconciler<ObjectKey>.Outcome {
        guard let request = requests[key] else { return .done }
        switch RequestStanding(request) {
        case .pending where request.spec.signerName == SignerRules.kubeletClient: try await approve(request)
        case .pending where request.spec.signerName == SignerRules.kubeletServing: try await approveServing(request)
        case .approved where SignerRules.signed.contains(request.spec.signerName): try await sign(request)
        default: break
        }
        return .done
    }

    // MARK: approval

    /// Whether the requester may have it is what authorization says of `selfnodeclient` and `nodeclient`.
    private func approve(_ request: CertificateSigningRequest) async throws {
        guard let requested = try? RequestedCertificate(pem: String(decoding: request.spec.request.bytes, as: UTF8.self)),
            SignerRules.problem(SignerRules.kubeletClient, requested, usages: request.spec.usages) == nil
        else { return }
        let kinds: [(subresource: String, message: String)] = [
            ("selfnodeclient", "Auto approving self kubelet client certificate after SubjectAccessReview."),
            ("nodeclient", "Auto approving kubelet client certificate after SubjectAccessReview."),
        ]
        for kind in kinds {
            if kind.subresource == "selfnodeclient", request.spec.username != requested.commonName { continue }
            guard try await isAllowed(request, kind.subresource) else { continue }
            try await write(condition("Approved", "AutoApproved", kind.message), to: request, subresource: "approval")
            return
        }
    }

    /// Upstream leaves this to the administrator. Here a node gets it for itself, and only for what its object names and no other's does.
    private func approveServing(_ request: CertificateSigningRequest) async throws {
        guard let approval = context.settings.servingApproval,
            let requested = try? RequestedCertificate(pem: String(decoding: request.spec.request.bytes, as: UTF8.self)),
            SignerRules.problem(SignerRules.kubeletServing, requested, usages: request.spec.usages) == nil,
            let node = nodes[ObjectKey(name: SignerRules.nodeName(of: requested))],
            SignerRules.isForItself(
                requested, username: request.spec.username ?? "", groups: request.spec.groups, node,
                others: nodes.objects().filter { $0.metadata.name != node.metadata.name }, approval)
        else { return }
        let message = "Auto approving kubelet serving certificate: its names and addresses are the node's."
        try await write(condition("Approved", "AutoApproved", message), to: request, subresource: "approval")
    }

    private func isAllowed(_ request: CertificateSigningRequest, _ subresource: String) async throws(ClientError) -> Bool {
        let review: JSONValue = [
            "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
            "spec": [
                "user": .string(request.spec.username ?? ""), "uid": .string(request.spec.uid ?? ""),
                "groups": .array(request.spec.groups.map { .string($0) }),
                "resourceAttributes": [
                    "group": "certificates.k8s.io", "resource": "certificatesigningrequests", "verb": "create",
                    "subresource": .string(subresource), "version": "*",
                ],
            ],
        ]
        var ask = APIRequest(method: "POST", path: "/apis/authorization.k8s.io/v1/subjectaccessreviews")
        ask.headers["Content-Type"] = "application/json"
        ask.body = review.serialized(.compact)
        return try await context.client.object(ask)["status"]?["allowed"]?.boolValue == true
    }

    // MARK: signing

    private func sign(_ request: CertificateSigningRequest) async throws {
        guard let signer else { return }
        let requested: RequestedCertificate
        do {
            requested = try RequestedCertificate(pem: String(decoding: request.spec.request.bytes, as: UTF8.self))
            if let why = SignerRules.problem(request.spec.signerName, requested, usages: request.spec.usages) {
                throw CertificateProblem(why)
            }
        } catch {
            return try await write(condition("Failed", "SignerValidationFailure", "\(error)"), to: request, subresource: "status")
        }
        var new = request
        let lifetime = request.spec.expirationSeconds.map { Duration.seconds(Int64($0)) }
        let pem = try signer.sign(requested, usages: request.spec.usages, lifetime: lifetime, now: context.time.wallTime)
        new.status.certificate = Base64Data(Array(pem.utf8))
        try await update(new, subresource: "status")
    }

    private func condition(_ type: String, _ reason: String, _ message: String) -> CertificateSigningRequestCondition {
        CertificateSigningRequestCondition {
            $0.type = type
            $0.status = "True"
            $0.reason = reason
            $0.message = message
            $0.lastUpdateTime = context.time.wallTime.truncatedToSeconds
        }
    }

    private func write(
        _ condition: CertificateSigningRequestCondition, to request: CertificateSigningRequest, subresource: String
    ) async throws(ClientError) {
        var new = request
        new.status.conditions.append(condition)
        try await update(new, subresource: subresource)
    }

    private func update(_ request: CertificateSigningRequest, subresource: String) async throws(ClientError) {
        try await ignoringAbsence { () throws(ClientError) in
            _ = try await context.client.resource(CertificateSigningRequest.self).update(request, subresource: subresource)
        }
    }

    // MARK: cleaning

    private func clean() async {
        await context.informers.waitForSync()
        while !Task.isCancelled {
            for request in requests.objects() where isOver(request) {
                do throws(ClientError) {
                    try await ignoringAbsence { () throws(ClientError) in
                        try await context.client.resource(CertificateSigningRequest.self).delete(
                            request.metadata.name ?? "", uid: request.metadata.uid)
                    }
                } catch {
                    context.report("delete request \(request.metadata.name ?? ""): \(error)")
                }
            }
            guard (try? await context.time.sleep(for: Self.cleaning)) != nil else { return }
        }
    }

    private func isOver(_ request: CertificateSigningRequest) -> Bool {
        let pem = request.status.certificate.map { String(decoding: $0.bytes, as: UTF8.self) }
        let end = pem.flatMap { try? CertificateSigner.end(ofPEM: $0) }
        return RequestStanding(request).isOver(request, end: end, now: context.time.wallTime)
    }
}
