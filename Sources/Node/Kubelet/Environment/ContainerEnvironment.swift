package import CRI
package import KubernetesAPI

/// The variables of a container: envFrom in order, then env in order; the later wins.
package struct ContainerEnvironment: Sendable {
    package private(set) var variables: [EnvironmentVariable] = []
    private var index: [String: Int] = [:]

    package init() {}

    package subscript(name: String) -> String? { index[name].map { variables[$0].value } }

    /// - Throws: `CreateContainerConfigError` when a source is missing.
    package init(_ container: Container, _ downward: DownwardAPI, _ objects: LocalObjects) throws(StartFailure) {
        for source in container.envFrom { try add(source, downward.pod, objects) }
        for variable in container.env {
            if let source = variable.valueFrom {
                guard let value = try Self.value(source, container, downward, objects) else { continue }
                set(variable.name, value)
            } else {
                let value = Expansion.expand(variable.value ?? "") { self[$0] }
                set(variable.name, value)
            }
        }
    }

    private mutating func set(_ name: String, _ value: String) {
        if let place = index[name] {
            variables[place].value = value
        } else {
            index[name] = variables.count
            variables.append(EnvironmentVariable(name: name, value: value))
        }
    }

    private mutating func add(_ source: EnvFromSource, _ pod: Pod, _ objects: LocalObjects) throws(StartFailure) {
        let prefix = source.prefix ?? ""
        if let reference = source.configMapRef, let map = try objects.configMap(reference.name, pod, reference.optional) {
            for (key, value) in map.data.sorted(by: { $0.key < $1.key }) { set(prefix + key, value) }
        }
        if let reference = source.secretRef, let secret = try objects.secret(reference.name, pod, reference.optional) {
            for (key, value) in secret.textData.sorted(by: { $0.key < $1.key }) { set(prefix + key, value) }
        }
    }

    /// - Returns: nil: the variable is not set.
    private static func value(
        _ source: EnvVarSource, _ container: Container, _ downward: DownwardAPI, _ objects: LocalObjects
    ) throws(StartFailure) -> String? {
        if let reference = source.fieldRef {
            guard let value = downward.field(reference.fieldPath) else {
                throw .configuration("unsupported fieldPath: \(reference.fieldPath)")
            }
            return value
        }
        if let reference = source.resourceFieldRef {
            guard let value = downward.resource(reference, of: container) else {
                throw .configuration("unsupported container resource: \(reference.resource)")
            }
            return value
        }
        let pod = downward.pod
        if let reference = source.configMapKeyRef {
            guard let map = try objects.configMap(reference.name, pod, reference.optional) else { return nil }
            if let value = map.data[reference.key] { return value }
            if reference.optional ?? false { return nil }
            throw .configuration("couldn't find key \(reference.key) in ConfigMap \(pod.namespace)/\(reference.name ?? "")")
        }
        if let reference = source.secretKeyRef {
            guard let secret = try objects.secret(reference.name, pod, reference.optional) else { return nil }
            if let value = secret.textData[reference.key] { return value }
            if reference.optional ?? false { return nil }
            throw .configuration("couldn't find key \(reference.key) in Secret \(pod.namespace)/\(reference.name ?? "")")
        }
        return nil
    }
}

extension StartFailure {
    static func configuration(_ message: String) -> StartFailure { StartFailure("CreateContainerConfigError", message) }
}

extension LocalObjects {
    func configMap(_ name: String?, _ pod: Pod, _ optional: Bool?) throws(StartFailure) -> ConfigMap? {
        if let map = configMaps["\(pod.namespace)/\(name ?? "")"] { return map }
        if optional ?? false { return nil }
        throw .configuration("configmap \"\(name ?? "")\" not found")
    }

    func secret(_ name: String?, _ pod: Pod, _ optional: Bool?) throws(StartFailure) -> Secret? {
        if let secret = secrets["\(pod.namespace)/\(name ?? "")"] { return secret }
        if optional ?? false { return nil }
        throw .configuration("secret \"\(name ?? "")\" not found")
    }
}

extension Secret {
    /// `data` decoded, and `stringData` over it.
    package var textData: [String: String] {
        data.mapValues { String(decoding: $0.bytes, as: UTF8.self) }.merging(stringData) { $1 }
    }
}
