internal import Glibc
internal import LinuxSystem

extension UserDatabase {
    /// From the layers of an image, uppermost first; a link that leads out of a layer is not followed.
    package static func read(layers: [String]) -> UserDatabase {
        func text(_ path: String) -> String {
            for layer in layers {
                guard let directory = try? OwnedFD.directory(layer),
                    let file = try? directory.open(path, flags: O_RDONLY | O_NONBLOCK, resolve: [.inRoot, .noMagicLinks]),
                    let bytes = try? file.readToEnd(limit: 1 << 20)
                else { continue }
                return String(decoding: bytes, as: UTF8.self)
            }
            return ""
        }
        return UserDatabase(passwd: text("etc/passwd"), group: text("etc/group"))
    }

    /// From the root of a running process: what the container may have changed meanwhile.
    package static func read(pid: Int32) -> UserDatabase {
        guard let root = try? ContainerRoot(pid: pid) else { return UserDatabase(passwd: "", group: "") }
        return UserDatabase(passwd: (try? root.text("/etc/passwd")) ?? "", group: (try? root.text("/etc/group")) ?? "")
    }
}

extension ContainerFacts {
    /// Takes the limits of the process that started this one.
    package mutating func readInheritedLimits() {
        guard let status = try? ProcessStatus.read(pid: pid), status.parentPID > 0 else { return }
        inheritedLimits = ProcessLimits.read(pid: status.parentPID)
    }
}
