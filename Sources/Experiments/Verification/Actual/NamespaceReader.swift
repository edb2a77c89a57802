internal import LinuxSystem
internal import Glibc

/// In which namespaces the containers of a pod are, beside the machine's and each other's.
enum NamespaceReader {
    private static let kinds: [(CloneFlags, String)] = [
        (.mount, "mnt"), (.network, "net"), (.ipc, "ipc"), (.uts, "uts"), (.pid, "pid"), (.cgroup, "cgroup"), (.user, "user"),
    ]

    static func read(_ containers: [(name: String, pid: Int32)], into findings: inout Findings) {
        for (kind, file) in kinds {
            let machine = try? NamespaceID.of(pid: getpid(), kind)
            let found = containers.map { container in (container.name, container.pid, try? NamespaceID.of(pid: container.pid, kind)) }
            for (name, pid, id) in found {
                let (path, place) = ("\(name)/namespaces/\(file)", "/proc/\(pid)/ns/\(file)")
                guard let id else {
                    findings[path] = Finding(.unreadable("no such process, or not allowed"), at: place)
                    continue
                }
                findings.set(path, id == machine ? "the machine's" : "\(file):[\(id.inode)]", at: place)
                findings.set("\(path)/sharedWith", list: found.filter { $0.0 != name && $0.2 == id }.map(\.0), at: place)
            }
        }
    }
}
