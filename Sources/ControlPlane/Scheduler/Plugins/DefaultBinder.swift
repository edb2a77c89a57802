internal import KubernetesAPI
internal import KubernetesClient

/// Writes the assignment through the pod's `binding` subresource.
package struct DefaultBinder: BindPlugin {
    package let name = "DefaultBinder"
    package init() {}

    package func bind(_ pod: PodInfo, to node: String, _ context: BindingContext) async throws {
        let binding = Binding {
            $0.metadata.name = pod.key.name
            $0.metadata.namespace = pod.key.namespace
            $0.metadata.uid = pod.uid
            $0.target.kind = "Node"
            $0.target.name = node
        }
        try await context.client.resource(Pod.self, namespace: pod.key.namespace)
            .createSubresource("binding", of: pod.key.name, binding.json)
    }
}
