package import KubernetesAPI

/// ConfigMaps and Secrets that stand beside the pods in a manifest. They never change.
package struct LocalObjects: Sendable {
    /// By `namespace/name`.
    package var configMaps: [String: ConfigMap] = [:]
    package var secrets: [String: Secret] = [:]
    package init() {}

    package mutating func add(_ configMap: ConfigMap) {
        configMaps["\(configMap.metadata.namespace ?? "default")/\(configMap.metadata.name ?? "")"] = configMap
    }
    package mutating func add(_ secret: Secret) {
        secrets["\(secret.metadata.namespace ?? "default")/\(secret.metadata.name ?? "")"] = secret
    }
}

extension LocalObjects: PodObjects {
    package func register(_ pod: Pod) {}
    package func unregister(_ pod: PodUID) {}

    package func configMap(_ name: String, for pod: Pod) async throws(ObjectError) -> ConfigMap {
        guard let map = configMaps["\(pod.namespace)/\(name)"] else { throw .notFound("configmap", name) }
        return map
    }

    package func secret(_ name: String, for pod: Pod) async throws(ObjectError) -> Secret {
        guard let secret = secrets["\(pod.namespace)/\(name)"] else { throw .notFound("secret", name) }
        return secret
    }

    package func token(_ order: TokenOrder) async throws(ObjectError) -> ServiceToken {
        throw ObjectError(.unavailable, "a service account token needs an API server")
    }

    package func claim(_ name: String, namespace: String) async throws(ObjectError) -> PersistentVolumeClaim {
        throw ObjectError(.unavailable, "a PersistentVolumeClaim needs an API server")
    }

    package func volume(_ name: String) async throws(ObjectError) -> PersistentVolume {
        throw ObjectError(.unavailable, "a PersistentVolume needs an API server")
    }

    package func services(of namespace: String) async throws(ObjectError) -> [Service] { [] }
    package func nodeLabels() async throws(ObjectError) -> [String: String] { [:] }
    package func changes() -> AsyncStream<PodUID> { AsyncStream { _ in } }
}
