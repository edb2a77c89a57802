internal import KubernetesAPI

/// Directories that a pod's containers need before they start.
struct PodDirectories: Sendable {
    private let pod: Pod
    private let paths: PodPaths

    init(_ pod: Pod, _ paths: PodPaths) {
        self.pod = pod
        self.paths = paths
    }

    func make() throws(FileError) {
        try PodFiles.makeDirectory(paths.pod(pod.uid), mode: 0o750)
        try PodFiles.makeDirectory(paths.volumes(pod.uid), mode: 0o750)
        for container in pod.spec.initContainers + pod.spec.containers { try make(for: container.name) }
    }

    func make(for container: String) throws(FileError) {
        let logs = paths.logDirectory(namespace: pod.namespace, name: pod.name, uid: pod.uid)
        try PodFiles.makeDirectory(paths.containerDirectory(pod.uid, container), mode: 0o750)
        try PodFiles.makeDirectory("\(logs)/\(container)", mode: 0o755)
    }

    /// Everything the pod left on the disk; the volumes are gone already.
    func remove(withLogs: Bool) throws(FileError) {
        try TreeRemoval.remove(paths.pod(pod.uid))
        if withLogs { try TreeRemoval.remove(paths.logDirectory(namespace: pod.namespace, name: pod.name, uid: pod.uid)) }
    }

    /// An instance that nobody will ask for again.
    func removeInstance(_ container: String, attempt: UInt32) throws(FileError) {
        try PodFiles.remove(paths.terminationLog(pod.uid, container, attempt: attempt))
        let directory = "\(paths.logDirectory(namespace: pod.namespace, name: pod.name, uid: pod.uid))/\(container)"
        let prefix = "\(attempt).log"
        for name in try PodFiles.list(directory) where name == prefix || name.hasPrefix(prefix + ".") {
            try PodFiles.remove("\(directory)/\(name)")
        }
    }
}
