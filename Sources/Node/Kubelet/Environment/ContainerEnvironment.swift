package import CRI
internal import KubernetesAPI

/// The variables of a container: envFrom in order, then env in order; the later wins. What Services give comes last, where nothing else
/// has that name.
package struct ContainerEnvironment: Sendable {
    package private(set) var variables: [EnvironmentVariable] = []
    /// Keys of sources that can't be names of variables, as an event tells of them.
    package private(set) var warnings: [String] = []
    private var index: [String: Int] = [:]
    private var services: [String: String] = [:]

    package init() {}

    package subscript(name: String) -> String? { index[name].map { variables[$0].value } ?? services[name] }

    /// - Throws: `CreateContainerConfigError` when a source is missing.
    package init(_ container: Container, _ downward: DownwardAPI, _ objects: ObjectSet) throws(StartFailure) {
        let links: [(name: String, value: String)]
        do {
            links = ServiceEnvironment.variables(try objects.services.get(), of: downward.pod)
            services = Dictionary(links.map { ($0.name, $0.value) }) { _, last in last }
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
        } catch let error as StartFailure {
            throw error
        } catch {
            throw .configuration("\(error)")
        }
        for link in links where index[link.name] == nil { set(link.name, link.value) }
    }

    private mutating func set(_ name: String, _ value: String) {
        if let place = index[name] {
            variables[place].value = value
        } else {
            index[name] = variables.count
            variables.append(EnvironmentVariable(name: name, value: value))
        }
    }

    private mutating func add(_ source: EnvFromSource, _ pod: Pod, _ objects: ObjectSet) throws(ObjectError) {
        let prefix = source.prefix ?? ""
        if let reference = source.configMapRef, let map = try objects.configMap(reference.name, optional: reference.optional) {
            add(map.data, prefix, from: "configMap \(pod.namespace)/\(reference.name ?? "")")
        }
        if let reference = source.secretRef, let secret = try objects.secret(reference.name, optional: reference.optional) {
            add(secret.textData, prefix, from: "secret \(pod.namespace)/\(reference.name ?? "")")
        }
    }

    private mutating func add(_ data: [String: String], _ prefix: String, from source: String) {
        var invalid: [String] = []
        for (key, value) in data.sorted(by: { $0.key < $1.key }) {
            let name = prefix + key
            if Self.isName(name) { set(name, value) } else { invalid.append(name) }
        }
        guard !invalid.isEmpty else { return }
        warnings.append(
            "Keys [\(invalid.joined(separator: ", "))] from the EnvFrom \(source) were skipped since they are considered invalid "
                + "environment variable names.")
    }

    /// Printable ASCII without `=`: the relaxed rule, Kubernetes' own since 1.34 (KEP-4369).
    private static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { (0x20...0x7e).contains($0) && $0 != UInt8(ascii: "=") }
    }

    /// - Returns: nil: the variable is not set.
    private static func value(
        _ source: EnvVarSource, _ container: Container, _ downward: DownwardAPI, _ objects: ObjectSet
    ) throws -> String? {
        if let reference = source.fieldRef {
            guard let value = downward.field(reference.fieldPath) else {
                throw StartFailure.configuration("unsupported fieldPath: \(reference.fieldPath)")
            }
            return value
        }
        if let reference = source.resourceFieldRef {
            guard let value = downward.resource(reference, of: container) else {
                throw StartFailure.configuration("unsupported container resource: \(reference.resource)")
            }
            return value
        }
        let namespace = downward.pod.namespace
        if let reference = source.configMapKeyRef {
            guard let map = try objects.configMap(reference.name, optional: reference.optional) else { return nil }
            if let value = map.data[reference.key] { return value }
            if reference.optional ?? false { return nil }
            throw StartFailure.configuration("couldn't find key \(reference.key) in ConfigMap \(namespace)/\(reference.name ?? "")")
        }
        if let reference = source.secretKeyRef {
            guard let secret = try objects.secret(reference.name, optional: reference.optional) else { return nil }
            if let value = secret.textData[reference.key] { return value }
            if reference.optional ?? false { return nil }
            throw StartFailure.configuration("couldn't find key \(reference.key) in Secret \(namespace)/\(reference.name ?? "")")
        }
        return nil
    }
}

extension StartFailure {
    static func configuration(_ message: String) -> StartFailure { StartFailure("CreateContainerConfigError", message) }
}
