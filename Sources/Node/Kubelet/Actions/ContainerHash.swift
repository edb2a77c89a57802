internal import CRI
internal import KubernetesAPI

/// Finds out whether a container's definition has changed since it was started. Only its image can.
package enum ContainerHash {
    static let annotation = "io.kubernetes.container.hash"

    /// Hexadecimal FNV-1a, 32 bits, of the container's name and image.
    package static func of(_ container: Container) -> String {
        var hash: UInt32 = 2_166_136_261
        for byte in "\(container.name)\0\(container.image ?? "")".utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        return String(hash, radix: 16)
    }

    package static func hasChanged(_ container: Container, _ running: RuntimeContainer) -> Bool {
        guard let recorded = running.annotations[annotation] else { return false }
        return recorded != of(container)
    }
}
