internal import APIMachinery
internal import KubernetesAPI

/// The rules for ConfigMaps and Secrets that an API server would apply.
enum ObjectValidation {
    /// Of all values together.
    private static let maxBytes = 1 << 20

    static func validate(_ map: ConfigMap, at path: FieldPath) -> [FieldError] {
        var errors = metadata(map.metadata, path)
        errors += keys(map.data.keys, path.child("data")) + keys(map.binaryData.keys, path.child("binaryData"))
        for key in map.data.keys.sorted() where map.binaryData[key] != nil {
            errors.append(.invalid(path.child("data").key(key), .string(key), "duplicate of key present in binaryData"))
        }
        let size = map.data.values.reduce(0) { $0 + $1.utf8.count } + map.binaryData.values.reduce(0) { $0 + $1.bytes.count }
        return errors + tooLong(size, path)
    }

    static func validate(_ secret: Secret, at path: FieldPath) -> [FieldError] {
        var errors = metadata(secret.metadata, path)
        errors += keys(secret.data.keys, path.child("data")) + keys(secret.stringData.keys, path.child("stringData"))
        let present = Set(secret.data.keys).union(secret.stringData.keys)
        for key in requiredKeys[secret.type ?? ""] ?? [] where !present.contains(key) {
            errors.append(.required(path.child("data").key(key)))
        }
        let size = secret.data.values.reduce(0) { $0 + $1.bytes.count } + secret.stringData.values.reduce(0) { $0 + $1.utf8.count }
        return errors + tooLong(size, path.child("data"))
    }

    /// Without these a Secret of the type is not one.
    private static let requiredKeys = [
        "kubernetes.io/dockercfg": [".dockercfg"], "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
        "kubernetes.io/ssh-auth": ["ssh-privatekey"], "kubernetes.io/tls": ["tls.crt", "tls.key"],
    ]

    private static func metadata(_ metadata: ObjectMeta, _ path: FieldPath) -> [FieldError] {
        ObjectMetaValidation.validate(
            metadata, isNamespaced: true, at: path.child("metadata"), name: NameValidation.dns1123Subdomain)
    }

    private static func keys(_ keys: some Sequence<String>, _ path: FieldPath) -> [FieldError] {
        keys.sorted().flatMap { key in
            NameValidation.configKey(key).map { FieldError.invalid(path.key(key), .string(key), $0) }
        }
    }

    private static func tooLong(_ size: Int, _ path: FieldPath) -> [FieldError] {
        size > maxBytes ? [FieldError(path, .tooLong, detail: "may not be more than \(maxBytes) bytes")] : []
    }
}
