/// Where the files of pods are.
package struct PodPaths: Sendable, Hashable {
    package let root: String
    package let logs: String

    package init(root: String, logs: String) {
        self.root = root
        self.logs = logs
    }

    package init(_ configuration: KubeletConfiguration) {
        self.init(root: configuration.rootDirectory, logs: configuration.podLogsDirectory)
    }

    package var pods: String { "\(root)/pods" }
    package var seccompProfiles: String { "\(root)/seccomp" }

    package func pod(_ uid: PodUID) -> String { "\(pods)/\(uid)" }
    package func volumes(_ uid: PodUID) -> String { "\(pod(uid))/volumes" }
    /// - Parameter plugin: `empty-dir`, `downward-api`, …
    package func volume(_ uid: PodUID, plugin: String, _ name: String) -> String {
        "\(volumes(uid))/kubernetes.io~\(plugin)/\(name)"
    }
    /// A file system in memory, for what must not reach a disk.
    package var memory: String { "\(root)/memory" }
    package func memory(_ uid: PodUID) -> String { "\(memory)/\(uid)" }
    package func memoryVolume(_ uid: PodUID, plugin: String, _ name: String) -> String {
        "\(memory(uid))/kubernetes.io~\(plugin)/\(name)"
    }
    package func hosts(_ uid: PodUID) -> String { "\(pod(uid))/etc-hosts" }
    package func resources(_ uid: PodUID) -> String { "\(pod(uid))/resources" }
    package func probes(_ uid: PodUID) -> String { "\(pod(uid))/probes" }
    package func userNamespace(_ uid: PodUID) -> String { "\(pod(uid))/userns" }
    package func containerDirectory(_ uid: PodUID, _ container: String) -> String { "\(pod(uid))/containers/\(container)" }

    /// A file for each instance, so that a message is never taken for that of another.
    package func terminationLog(_ uid: PodUID, _ container: String, attempt: UInt32) -> String {
        var hash: UInt32 = 2_166_136_261
        for byte in "\(uid)/\(container)#\(attempt)".utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        let digits = String(hash, radix: 16)
        return "\(containerDirectory(uid, container))/\(String(repeating: "0", count: 8 - digits.count))\(digits)"
    }

    package func logDirectory(namespace: String, name: String, uid: PodUID) -> String { "\(logs)/\(namespace)_\(name)_\(uid)" }
    /// Relative to the pod's log directory.
    package func logFile(_ container: String, attempt: UInt32) -> String { "\(container)/\(attempt).log" }
}
