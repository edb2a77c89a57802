package import KubernetesAPI

/// What one pod takes from other objects, as it was when it was read. Files and variables are made from it without asking anybody.
package struct ObjectSet: Sendable {
    package typealias Reading<Value> = Result<Value, ObjectError>
    /// By name, in the pod's namespace.
    package var configMaps: [String: Reading<ConfigMap>] = [:]
    package var secrets: [String: Reading<Secret>] = [:]
    package var tokens: [TokenOrder: Reading<ServiceToken>] = [:]
    /// Those of the pod's namespace and of `default`, in any order; a failure when they have not been read yet.
    package var services: Reading<[Service]> = .success([])

    package init() {}

    package init(configMaps: [ConfigMap] = [], secrets: [Secret] = [], services: [Service] = []) {
        for map in configMaps { self.configMaps[map.metadata.name ?? ""] = .success(map) }
        for secret in secrets { self.secrets[secret.metadata.name ?? ""] = .success(secret) }
        self.services = .success(services)
    }

    /// - Returns: nil: it is not there, and need not be.
    func configMap(_ name: String?, optional: Bool?) throws(ObjectError) -> ConfigMap? {
        try Self.value(configMaps[name ?? ""] ?? .failure(.notFound("configmap", name ?? "")), isOptional: optional ?? false)
    }

    func secret(_ name: String?, optional: Bool?) throws(ObjectError) -> Secret? {
        try Self.value(secrets[name ?? ""] ?? .failure(.notFound("secret", name ?? "")), isOptional: optional ?? false)
    }

    func token(_ order: TokenOrder) throws(ObjectError) -> ServiceToken {
        try (tokens[order] ?? .failure(ObjectError(.failed, "failed to fetch token: it was not asked for"))).get()
    }

    private static func value<Value>(_ reading: Reading<Value>, isOptional: Bool) throws(ObjectError) -> Value? {
        do { return try reading.get() } catch {
            if isOptional, error.isNotFound { return nil }
            throw error
        }
    }
}

extension Secret {
    /// `data` decoded, and `stringData` over it.
    package var textData: [String: String] {
        data.mapValues { String(decoding: $0.bytes, as: UTF8.self) }.merging(stringData) { $1 }
    }
}
