package import APIMachinery
package import KubernetesAPI

/// Gives a pod from a manifest what the API server would have given it.
package enum StaticPodIdentity {
    static let hashAnnotation = "kubernetes.io/config.hash"
    static let sourceAnnotation = "kubernetes.io/config.source"
    static let seenAnnotation = "kubernetes.io/config.seen"

    /// Name `<name>-<node>`, a UID from its content (so the same manifest is the same pod after a restart), annotations, and the
    /// toleration that keeps it on its node.
    ///
    /// - Parameter isNamedAfterNode: false leaves the name alone, for a pod that no API server will see.
    package static func assign(
        to pod: inout Pod, path: String, nodeName: String, seen: Timestamp, isNamedAfterNode: Bool = true
    ) {
        let uid = pod.metadata.uid.flatMap { $0.isEmpty ? nil : $0 } ?? hash(pod, path: path, nodeName: nodeName)
        pod.metadata.uid = uid
        if isNamedAfterNode { pod.metadata.name = "\(pod.name)-\(nodeName.lowercased())" }
        pod.metadata.namespace = pod.namespace
        pod.metadata.annotations[hashAnnotation] = uid
        pod.metadata.annotations[sourceAnnotation] = "file"
        pod.metadata.annotations[seenAnnotation] = seen.formatted(fractionDigits: 9)
        pod.spec.nodeName = nodeName
        pod.spec.tolerations.append(
            Toleration {
                $0.operator = "Exists"
                $0.effect = "NoExecute"
            })
    }

    /// Hexadecimal FNV-1a, 128 bits, of the object and of where it stands.
    static func hash(_ pod: Pod, path: String, nodeName: String) -> String {
        var hash: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d
        let prime: UInt128 = 0x0100_0000_0000_0000_0000_013b
        for byte in pod.json.serialized() + Array("host:\(nodeName)file:\(path)".utf8) { hash = (hash ^ UInt128(byte)) &* prime }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 32 - digits.count) + digits
    }
}
