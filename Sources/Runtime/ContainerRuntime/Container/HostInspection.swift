internal import CRI
internal import Glibc
internal import LinuxSystem

/// Looks up on the machine what a container's configuration names: mount sources and devices.
enum HostInspection {
    static func add(_ config: ContainerConfig, to host: inout ContainerSpecResolver.Host) throws {
        for mount in config.mounts where mount.image == nil {
            host.mountSources[.init(path: mount.hostPath, subPath: mount.subPath)] = try isDirectory(mount)
        }
        for device in config.devices { host.devices[device.hostPath] = devices(at: device.hostPath, followsLink: true) }
        if config.securityContext.privileged { host.allDevices = devices(at: "/dev") }
    }

    /// - Returns: nil when the source does not exist; an absent subPath will be made as a directory.
    private static func isDirectory(_ mount: CRI.Mount) throws -> Bool? {
        let flags = openPathOnly | O_CLOEXEC
        let number = unsafe open(mount.hostPath, flags)
        guard number >= 0 else {
            if Errno.current == .noSuchFile { return nil }
            throw SystemError("open mount source \(mount.hostPath)", .current)
        }
        let source = OwnedFD(adopting: number)
        guard !mount.subPath.isEmpty else { return try isDirectory(source, mount.hostPath) }
        let below: OwnedFD
        do throws(Errno) {
            below = try source.open(mount.subPath, flags: flags, resolve: [.beneath, .noMagicLinks])
        } catch  where error == .noSuchFile {
            return try SubPath.make(mount.subPath, beneath: source, of: mount.hostPath)
        } catch {
            throw SystemError("open subPath \(mount.subPath) of \(mount.hostPath)", error)
        }
        return try isDirectory(below, "\(mount.hostPath)/\(mount.subPath)")
    }

    private static func isDirectory(_ file: borrowing OwnedFD, _ path: String) throws -> Bool {
        var status = stat()
        guard unsafe fstat(file.rawValue, &status) == 0 else { throw SystemError("stat \(path)", .current) }
        return status.st_mode & S_IFMT == S_IFDIR
    }

    /// The node itself, or those in a directory and below: not what is only there for terminals, shared memory and the like.
    private static func devices(at path: String, followsLink: Bool = false) -> [DeviceNode] {
        var status = stat()
        guard unsafe fstatat(AT_FDCWD, path, &status, followsLink ? 0 : AT_SYMLINK_NOFOLLOW) == 0 else { return [] }
        switch status.st_mode & S_IFMT {
        case S_IFCHR, S_IFBLK:
            return [
                DeviceNode(
                    path: path, isBlock: status.st_mode & S_IFMT == S_IFBLK, major: deviceMajor(UInt64(status.st_rdev)),
                    minor: deviceMinor(UInt64(status.st_rdev)), mode: UInt32(status.st_mode) & 0o777)
            ]
        case S_IFDIR:
            let names = (try? Files.namesIfAny(in: path)) ?? []
            return names.filter { !skipped.contains($0) }.flatMap { devices(at: "\(path)/\($0)") }
        default: return []
        }
    }

    /// What containerd leaves out for a privileged container.
    private static let skipped: Set<String> = ["pts", "shm", "fd", "mqueue", "console", "ptmx", ".lxc", ".lxd-mounts", ".udev"]
}

/// Making the directories of a volume's subPath, never outside the volume.
enum SubPath {
    /// Mode 0750, as the kubelet makes them. Each step is opened without following a link that leaves the volume, so it does not matter
    /// what the pod does to the volume meanwhile.
    ///
    /// - Returns: True: it is a directory.
    static func make(_ subPath: String, beneath volume: borrowing OwnedFD, of path: String) throws -> Bool {
        var made = ""
        for component in subPath.split(separator: "/") where component != "." {
            guard component != ".." else { throw SpecError("subPath \"\(subPath)\": must not contain ..") }
            let parent = try open(made.isEmpty ? "." : made, beneath: volume, "\(path)/\(made)")
            guard unsafe mkdirat(parent.rawValue, String(component), 0o750) == 0 || Errno.current == .exists else {
                throw SystemError("create subPath \(subPath) of \(path)", .current)
            }
            made += made.isEmpty ? component : "/\(component)"
        }
        return true
    }

    private static func open(_ path: String, beneath volume: borrowing OwnedFD, _ name: String) throws(SystemError) -> OwnedFD {
        do throws(Errno) {
            return try volume.open(path, flags: openPathOnly | O_DIRECTORY, resolve: [.beneath, .noMagicLinks])
        } catch {
            throw SystemError("open \(name)", error)
        }
    }
}
