internal import KubernetesAPI

/// Files that a volume projects: ConfigMaps, Secrets, facts about the pod.
struct VolumePayload: Equatable {
    struct File: Equatable {
        var bytes: [UInt8]
        var mode: UInt32
    }
    /// By path relative to the volume.
    var files: [String: File] = [:]

    /// What a volume shows; nil when it is none of these kinds.
    static func of(_ volume: Volume, _ downward: DownwardAPI, _ objects: LocalObjects) throws(VolumeError) -> VolumePayload? {
        var payload = VolumePayload()
        do {
            if let source = volume.configMap {
                let mode = source.defaultMode ?? Self.defaultMode
                try payload.add(configMap: source.name, source.items, mode, source.optional, downward.pod, objects)
            } else if let source = volume.secret {
                let mode = source.defaultMode ?? Self.defaultMode
                try payload.add(secret: source.secretName, source.items, mode, source.optional, downward.pod, objects)
            } else if let source = volume.downwardAPI {
                try payload.add(source.items, source.defaultMode ?? Self.defaultMode, downward)
            } else if let source = volume.projected {
                try payload.add(source, downward, objects)
            } else {
                return nil
            }
        } catch {
            throw VolumeError(volume.name, error.message)
        }
        return payload
    }

    private static let defaultMode: Int32 = 0o644

    private mutating func add(_ source: ProjectedVolumeSource, _ downward: DownwardAPI, _ objects: LocalObjects) throws(StartFailure) {
        let mode = source.defaultMode ?? Self.defaultMode
        for part in source.sources {
            if let map = part.configMap { try add(configMap: map.name, map.items, mode, map.optional, downward.pod, objects) }
            if let secret = part.secret { try add(secret: secret.name, secret.items, mode, secret.optional, downward.pod, objects) }
            if let facts = part.downwardAPI { try add(facts.items, mode, downward) }
            if part.serviceAccountToken != nil {
                throw .configuration("a service account token needs an API server")
            }
        }
    }

    private mutating func add(
        configMap name: String?, _ items: [KeyToPath], _ mode: Int32, _ optional: Bool?, _ pod: Pod, _ objects: LocalObjects
    ) throws(StartFailure) {
        guard let map = try objects.configMap(name, pod, optional) else { return }
        let content = map.data.mapValues { Array($0.utf8) }.merging(map.binaryData.mapValues(\.bytes)) { $1 }
        try add(content, items, mode, isOptional: optional ?? false, missing: "configmap references non-existent config key")
    }

    private mutating func add(
        secret name: String?, _ items: [KeyToPath], _ mode: Int32, _ optional: Bool?, _ pod: Pod, _ objects: LocalObjects
    ) throws(StartFailure) {
        guard let secret = try objects.secret(name, pod, optional) else { return }
        let content = secret.data.mapValues(\.bytes).merging(secret.stringData.mapValues { Array($0.utf8) }) { $1 }
        try add(content, items, mode, isOptional: optional ?? false, missing: "references non-existent secret key")
    }

    /// - Parameter missing: What is said of an item whose key is not there.
    private mutating func add(
        _ content: [String: [UInt8]], _ items: [KeyToPath], _ mode: Int32, isOptional: Bool, missing: String
    ) throws(StartFailure) {
        if items.isEmpty {
            for (key, bytes) in content { try set(key, bytes, mode) }
        }
        for item in items {
            guard let bytes = content[item.key] else {
                if isOptional { continue }
                throw .configuration("\(missing): \(item.key)")
            }
            try set(item.path, bytes, item.mode ?? mode)
        }
    }

    private mutating func add(_ items: [DownwardAPIVolumeFile], _ mode: Int32, _ downward: DownwardAPI) throws(StartFailure) {
        for item in items {
            let text: String?
            if let reference = item.fieldRef {
                text = downward.field(reference.fieldPath)
            } else {
                text = item.resourceFieldRef.flatMap { selector in
                    downward.pod.container(named: selector.containerName ?? "").flatMap { downward.resource(selector, of: $0) }
                }
            }
            guard let text else { throw .configuration("downwardAPI item \(item.path): no such field or resource") }
            try set(item.path, Array(text.utf8), item.mode ?? mode)
        }
    }

    /// The path comes from the user and must stay inside the volume.
    private mutating func set(_ path: String, _ bytes: [UInt8], _ mode: Int32) throws(StartFailure) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard !path.isEmpty, !parts.contains(where: { $0.isEmpty || $0 == "." || $0.hasPrefix("..") }) else {
            throw .configuration("invalid path \"\(path)\": must be relative, without \"..\"")
        }
        files[path] = File(bytes: bytes, mode: UInt32(bitPattern: mode) & 0o777)
    }
}
