package import KubernetesAPI
package import KubernetesClient

/// Secrets asked of the API server when they are needed.
package struct APIPullSecrets: PullSecretSource {
    private let client: Client

    package init(_ client: Client) { self.client = client }

    package func pullSecret(namespace: String, name: String) async throws -> Secret {
        try await client.resource(Secret.self, namespace: namespace).get(name)
    }
}
