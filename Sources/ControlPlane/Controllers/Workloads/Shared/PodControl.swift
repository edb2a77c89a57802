internal import KubernetesAPI
internal import KubernetesClient
internal import APIMachinery

/// Makes and removes pods on behalf of their owner, and says so in events.
struct PodControl: Sendable {
    let client: Client
    let events: EventRecorder

    init(client: Client, events: EventRecorder) {
        self.client = client
        self.events = events
    }

    /// Creates a pod as a template says.
    ///
    /// - Parameter prepare: Fills in what the template doesn't have.
    func create(_ template: PodTemplateSpec, for owner: Owner, _ prepare: (inout Pod) -> Void = { _ in }) async throws(ClientError) -> Pod {
        var pod = Self.pod(template, for: owner)
        prepare(&pod)
        do throws(ClientError) {
            let created = try await client.resource(Pod.self, namespace: owner.namespace).create(pod)
            events.normal(owner, "SuccessfulCreate", "Created pod: \(created.metadata.name ?? "")")
            return created
        } catch {
            // Nothing will ever come of it: there is nobody to tell.
            if !error.isNamespaceTerminating { events.warning(owner, "FailedCreate", "Error creating: \(error)") }
            throw error
        }
    }

    func delete(_ pod: Pod, for owner: Owner) async throws(ClientError) {
        let name = pod.metadata.name ?? ""
        do throws(ClientError) {
            try await client.resource(Pod.self, namespace: owner.namespace).delete(name)
            events.normal(owner, "SuccessfulDelete", "Deleted pod: \(name)")
        } catch {
            if !error.isNotFound { events.warning(owner, "FailedDelete", "Error deleting: \(error)") }
            throw error
        }
    }

    static func pod(_ template: PodTemplateSpec, for owner: Owner) -> Pod {
        Pod {
            $0.metadata.generateName = "\(owner.name)-"
            $0.metadata.labels = template.metadata.labels
            $0.metadata.annotations = template.metadata.annotations
            $0.metadata.finalizers = template.metadata.finalizers
            $0.metadata.ownerReferences = [owner.reference]
            $0.spec = template.spec
        }
    }
}

extension ClientError {
    /// The namespace takes no new objects, since it is being deleted.
    var isNamespaceTerminating: Bool { status?.details?.causes.contains { $0.reason == "NamespaceTerminating" } ?? false }
}
