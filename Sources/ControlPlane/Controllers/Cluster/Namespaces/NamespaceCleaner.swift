internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Deletes what is in a namespace, one pass at a time: pods alone first, since what they use must outlast them; then everything.
struct NamespaceCleaner: Sendable {
    /// After so long whoever holds a finalizer has probably let go (upstream's figure).
    private static let finalizerEstimateSeconds: Int64 = 15

    let client: Client
    let time: any TimeSource

    /// - Parameter deleted: When the namespace's deletion was asked for: pods' grace counts from then.
    func pass(over namespace: String, deleted: Timestamp) async -> NamespaceContent {
        var content = NamespaceContent()
        let resources: [DiscoveredResource]
        do throws(ClientError) { resources = try await client.discoverResources() } catch {
            content.discoveryProblem = "Discovery failed for some groups, 1 failing: \(error)"
            return content
        }
        let deletable = resources.filter { $0.isNamespaced && $0.verbs.isSuperset(of: ["delete", "list"]) }
        let pods = deletable.filter { $0.name == "pods" }
        for resource in pods { await empty(resource, namespace, deleted, &content) }
        guard content.isEmpty else { return content }
        for resource in deletable where resource.name != "pods" { await empty(resource, namespace, deleted, &content) }
        return content
    }

    private func empty(
        _ resource: DiscoveredResource, _ namespace: String, _ deleted: Timestamp, _ content: inout NamespaceContent
    ) async {
        do throws(ClientError) {
            let objects = client.metadata(of: resource, namespace: namespace)
            let present = try await objects.listAll().items
            guard !present.isEmpty else { return }
            let estimate = resource.name == "pods" ? try await graceSeconds(of: namespace, deleted) : 0
            try await delete(present, objects, resource)
            let left = try await objects.listAll().items
            content.count(resource, left)
            estimateRest(left, resource, namespace, estimate, &content)
        } catch {
            content.problems.append("\(error)")
        }
    }

    private func delete(
        _ present: [PartialObjectMetadata], _ objects: ResourceClient<PartialObjectMetadata>, _ resource: DiscoveredResource
    ) async throws(ClientError) {
        if resource.verbs.contains("deletecollection") {
            do throws(ClientError) {
                return try await objects.deleteCollection(propagationPolicy: "Background")
            } catch {
                guard error.isNotFound || error.status?.code == 405 else { throw error }
            }
        }
        for object in present {
            try await ignoringAbsence { () throws(ClientError) in
                try await objects.delete(object.metadata.name ?? "", propagationPolicy: "Background")
            }
        }
    }

    private func estimateRest(
        _ left: [PartialObjectMetadata], _ resource: DiscoveredResource, _ namespace: String, _ graceSeconds: Int64,
        _ content: inout NamespaceContent
    ) {
        guard !left.isEmpty else { return }
        if graceSeconds > 0 {
            content.estimateSeconds = max(content.estimateSeconds, graceSeconds)
        } else if left.contains(where: { !$0.metadata.finalizers.isEmpty }) {
            content.estimateSeconds = max(content.estimateSeconds, Self.finalizerEstimateSeconds)
        } else {
            content.problems.append("unexpected items still remain in namespace: \(namespace) for gvr: \(resource)")
        }
    }

    /// How long the pods that run may take to end, counted from the namespace's deletion.
    private func graceSeconds(of namespace: String, _ deleted: Timestamp) async throws(ClientError) -> Int64 {
        let pods = try await client.resource(Pod.self, namespace: namespace).listAll().items
        let longest =
            pods.filter { !["Succeeded", "Failed"].contains($0.status.phase) }
            .compactMap { $0.metadata.deletionGracePeriodSeconds ?? $0.spec.terminationGracePeriodSeconds }.max() ?? 0
        return max(0, longest - (time.wallTime - deleted).components.seconds)
    }
}
