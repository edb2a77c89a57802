package import KubernetesAPI

/// The names of what a pod takes from other objects of its namespace. Pure.
package struct ObjectReferences: Sendable, Hashable {
    package private(set) var configMaps: Set<String> = []
    package private(set) var secrets: Set<String> = []
    package private(set) var tokens: Set<TokenOrder> = []

    package init() {}

    /// Everything, also what pulls its images.
    package init(_ pod: Pod) {
        for volume in pod.spec.volumes { add(volume, pod) }
        for container in pod.spec.initContainers + pod.spec.containers { add(container.envFrom, container.env) }
        for container in pod.spec.ephemeralContainers { add(container.envFrom, container.env) }
        for secret in pod.spec.imagePullSecrets { insert(secret.name, &secrets) }
    }

    package init(files volume: Volume, _ pod: Pod) { add(volume, pod) }

    package init(environmentOf container: Container) { add(container.envFrom, container.env) }

    private mutating func add(_ sources: [EnvFromSource], _ variables: [EnvVar]) {
        for source in sources {
            insert(source.configMapRef?.name, &configMaps)
            insert(source.secretRef?.name, &secrets)
        }
        for variable in variables {
            insert(variable.valueFrom?.configMapKeyRef?.name, &configMaps)
            insert(variable.valueFrom?.secretKeyRef?.name, &secrets)
        }
    }

    private mutating func add(_ volume: Volume, _ pod: Pod) {
        insert(volume.configMap?.name, &configMaps)
        insert(volume.secret?.secretName, &secrets)
        for source in volume.projected?.sources ?? [] {
            insert(source.configMap?.name, &configMaps)
            insert(source.secret?.name, &secrets)
            if let token = source.serviceAccountToken { tokens.insert(TokenOrder(token, of: pod)) }
        }
    }

    private func insert(_ name: String?, _ names: inout Set<String>) {
        if let name, !name.isEmpty { names.insert(name) }
    }
}
