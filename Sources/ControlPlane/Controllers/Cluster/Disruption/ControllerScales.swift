internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// How many pods the controllers of some pods want.
struct ControllerScales: Sendable {
    private let client: Client
    private let replicationControllers: Informer<ReplicationController>
    private let replicaSets: Informer<ReplicaSet>
    private let deployments: Informer<Deployment>
    private let statefulSets: Informer<StatefulSet>

    init(_ context: ControllerContext) {
        client = context.client
        replicationControllers = context.informers.informer(ReplicationController.self)
        replicaSets = context.informers.informer(ReplicaSet.self)
        deployments = context.informers.informer(Deployment.self)
        statefulSets = context.informers.informer(StatefulSet.self)
    }

    /// - Returns: The sum over the different controllers, and the names of pods that have none.
    func total(of pods: [Pod]) async throws -> (scale: Int, unmanaged: [String]) {
        var scales: [String: Int] = [:]
        var unmanaged: [String] = []
        for pod in pods {
            guard let owner = pod.metadata.ownerReferences.first(where: { $0.controller == true }) else {
                unmanaged.append(pod.metadata.name ?? "")
                continue
            }
            guard scales[owner.uid] == nil else { continue }
            let (uid, scale) = try await scale(of: owner, in: pod.metadata.namespace ?? "", for: pod)
            scales[owner.uid] = 0
            scales[uid] = scale
        }
        return (scales.values.reduce(0, +), unmanaged)
    }

    /// - Returns: Also the uid of the one that decides: of a ReplicaSet its Deployment's.
    private func scale(of owner: OwnerReference, in namespace: String, for pod: Pod) async throws -> (uid: String, scale: Int) {
        let key = ObjectKey(namespace: namespace, name: owner.name)
        let group = GroupVersionKind(apiVersion: owner.apiVersion, kind: owner.kind).group
        switch (group, owner.kind) {
        case ("", "ReplicationController"):
            if let found = replicationControllers[key], found.metadata.uid == owner.uid {
                return (owner.uid, Int(found.spec.replicas ?? 1))
            }
        case ("apps", "StatefulSet"):
            if let found = statefulSets[key], found.metadata.uid == owner.uid { return (owner.uid, Int(found.spec.replicas ?? 1)) }
        case ("apps", "ReplicaSet"):
            guard let found = replicaSets[key], found.metadata.uid == owner.uid else { break }
            guard let above = found.metadata.ownerReferences.first(where: { $0.controller == true }) else {
                return (owner.uid, Int(found.spec.replicas ?? 1))
            }
            if above.kind == "Deployment" {
                let deployment = deployments[ObjectKey(namespace: namespace, name: above.name)]
                guard let deployment, deployment.metadata.uid == above.uid else { break }
                return (above.uid, Int(deployment.spec.replicas ?? 1))
            }
            return (above.uid, try await askedScale(of: above, in: namespace, for: pod))
        default: return (owner.uid, try await askedScale(of: owner, in: namespace, for: pod))
        }
        throw ScaleError("found no controllers for pod \((pod.metadata.name ?? "").quoted)")
    }

    /// By the scale subresource, which any kind may have.
    private func askedScale(of owner: OwnerReference, in namespace: String, for pod: Pod) async throws -> Int {
        let kind = GroupVersionKind(apiVersion: owner.apiVersion, kind: owner.kind)
        let all = try await client.discoverResources()
        guard let resource = all.first(where: { $0.kind.group == kind.group && $0.kind.kind == kind.kind }),
            resource.subresources.contains("scale")
        else { throw ScaleError("\(kind.kind.lowercased())s.\(kind.group) does not implement the scale subresource") }
        let path = resource.path.path(namespace: namespace, name: owner.name, subresource: "scale")
        let scale = try await client.object(APIRequest(path: path))
        guard scale["metadata"]?["uid"]?.stringValue == owner.uid else {
            throw ScaleError("found no controllers for pod \((pod.metadata.name ?? "").quoted)")
        }
        return Int(scale["spec"]?["replicas"]?.integerValue ?? 0)
    }
}

struct ScaleError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
