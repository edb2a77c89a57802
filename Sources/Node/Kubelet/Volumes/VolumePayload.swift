internal import APIMachinery
internal import KubernetesAPI

/// Files that a volume projects: ConfigMaps, Secrets, tokens, facts about the pod.
struct VolumePayload: Equatable {
    struct File: Equatable {
        var bytes: [UInt8]
        var mode: UInt32
        /// Its owner; nil: root.
        var uid: UInt32?
    }
    /// By path relative to the volume.
    var files: [String: File] = [:]
    /// When something in it has to be replaced; nil: when an object changes.
    var refreshAt: Timestamp?

    /// What a volume shows; nil when it is none of these kinds. Pure.
    ///
    /// - Throws: Every part of it that cannot be had.
    static func of(_ volume: Volume, _ downward: DownwardAPI, _ objects: ObjectSet) throws(ObjectError) -> VolumePayload? {
        var payload = VolumePayload()
        let missing = "configmap references non-existent config key"
        if let source = volume.configMap {
            let mode = source.defaultMode ?? Self.defaultMode
            if let map = try objects.configMap(source.name, optional: source.optional) {
                try payload.add(map.content, source.items, mode, isOptional: source.optional ?? false, missing: missing)
            }
        } else if let source = volume.secret {
            let mode = source.defaultMode ?? Self.defaultMode
            if let secret = try objects.secret(source.secretName, optional: source.optional) {
                try payload.add(secret.content, source.items, mode, isOptional: source.optional ?? false, missing: Self.missingSecretKey)
            }
        } else if let source = volume.downwardAPI {
            try payload.add(source.items, source.defaultMode ?? Self.defaultMode, downward)
        } else if let source = volume.projected {
            try payload.add(source, downward, objects)
        } else {
            return nil
        }
        return payload
    }

    private static let defaultMode: Int32 = 0o644
    private static let missingSecretKey = "references non-existent secret key"

    private mutating func add(_ source: ProjectedVolumeSource, _ downward: DownwardAPI, _ objects: ObjectSet) throws(ObjectError) {
        let mode = source.defaultMode ?? Self.defaultMode
        var errors: [ObjectError] = []
        for part in source.sources {
            do throws(ObjectError) { try add(part, mode, downward, objects) } catch { errors.append(error) }
        }
        guard let first = errors.first else { return }
        if errors.count == 1 { throw first }
        // One that only waiting helps against decides how soon it is tried again.
        let kind = errors.contains { $0.kind == .failed } ? ObjectError.Kind.failed : first.kind
        throw ObjectError(kind, "[" + errors.map(\.description).joined(separator: ", ") + "]")
    }

    private mutating func add(
        _ part: VolumeProjection, _ mode: Int32, _ downward: DownwardAPI, _ objects: ObjectSet
    ) throws(ObjectError) {
        if let source = part.configMap, let map = try objects.configMap(source.name, optional: source.optional) {
            let missing = "configmap references non-existent config key"
            try add(map.content, source.items, mode, isOptional: source.optional ?? false, missing: missing)
        }
        if let source = part.secret, let secret = try objects.secret(source.name, optional: source.optional) {
            try add(secret.content, source.items, mode, isOptional: source.optional ?? false, missing: Self.missingSecretKey)
        }
        if let source = part.downwardAPI { try add(source.items, mode, downward) }
        if let source = part.serviceAccountToken { try add(source, mode, downward.pod, objects) }
        if part.clusterTrustBundle != nil {
            throw ObjectError(.unavailable, "ClusterTrustBundle projection is not supported in this node's agent")
        }
    }

    /// Readable by the pod's group when it has one, or else by the one user that its containers run as, or else by everybody.
    private mutating func add(
        _ source: ServiceAccountTokenProjection, _ mode: Int32, _ pod: Pod, _ objects: ObjectSet
    ) throws(ObjectError) {
        let token = try objects.token(TokenOrder(source, of: pod))
        let user = pod.soleUser
        try set(source.path, Array(token.text.utf8), user != nil || pod.fsGroup != nil ? 0o600 : mode, uid: user)
        refreshAt = min(refreshAt ?? token.refreshAt, token.refreshAt)
    }

    /// - Parameter missing: What is said of an item whose key is not there.
    private mutating func add(
        _ content: [String: [UInt8]], _ items: [KeyToPath], _ mode: Int32, isOptional: Bool, missing: String
    ) throws(ObjectError) {
        if items.isEmpty {
            for (key, bytes) in content { try set(key, bytes, mode) }
        }
        for item in items {
            guard let bytes = content[item.key] else {
                if isOptional { continue }
                throw ObjectError(.notFound, "\(missing): \(item.key)")
            }
            try set(item.path, bytes, item.mode ?? mode)
        }
    }

    private mutating func add(_ items: [DownwardAPIVolumeFile], _ mode: Int32, _ downward: DownwardAPI) throws(ObjectError) {
        for item in items {
            let text: String?
            if let reference = item.fieldRef {
                text = downward.field(reference.fieldPath)
            } else {
                text = item.resourceFieldRef.flatMap { selector in
                    downward.pod.container(named: selector.containerName ?? "").flatMap { downward.resource(selector, of: $0) }
                }
            }
            guard let text else { throw ObjectError(.unavailable, "downwardAPI item \(item.path): no such field or resource") }
            try set(item.path, Array(text.utf8), item.mode ?? mode)
        }
    }

    /// The path comes from the user and must stay inside the volume.
    private mutating func set(_ path: String, _ bytes: [UInt8], _ mode: Int32, uid: UInt32? = nil) throws(ObjectError) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard !path.isEmpty, !parts.contains(where: { $0.isEmpty || $0 == "." || $0.hasPrefix("..") }) else {
            throw ObjectError(.unavailable, "invalid path \"\(path)\": must be relative, without \"..\"")
        }
        files[path] = File(bytes: bytes, mode: UInt32(bitPattern: mode) & 0o777, uid: uid)
    }
}

extension ConfigMap {
    fileprivate var content: [String: [UInt8]] { data.mapValues { Array($0.utf8) }.merging(binaryData.mapValues(\.bytes)) { $1 } }
}

extension Secret {
    fileprivate var content: [String: [UInt8]] { data.mapValues(\.bytes).merging(stringData.mapValues { Array($0.utf8) }) { $1 } }
}

extension Pod {
    /// The user that all of its containers run as; nil when they differ, or one leaves it to its image.
    var soleUser: UInt32? {
        let shared = spec.securityContext?.runAsUser
        let users = (spec.initContainers + spec.containers).map { $0.securityContext?.runAsUser ?? shared }
        guard let first = users.first ?? nil, users.allSatisfy({ $0 == first }) else { return nil }
        return UInt32(exactly: first)
    }
}
