internal import Glibc
internal import LinuxSystem

/// Calls of the kernel that the runtime is built on, each made once.
enum KernelProbes {
    static let all = [clone3, pidfd, closeRange, openat2, memoryFile, keyring, inotify]

    private static let newer = "run a kernel of Linux 5.14 or newer; inside a container, allow the call in its seccomp profile"

    private static let clone3 = Probe(
        Feature(.kernel, "clone3", neededBy: "every process of a pod", lost: "no pod can be started", mend: newer)
    ) { _ in
        try ProbeChild.stands()
        return .yes("a child was made")
    }

    private static let pidfd = Probe(
        Feature(
            .kernel, "pidfd", neededBy: "signals and exits of containers", lost: "no pod can be started",
            mend: newer)
    ) { _ in
        try ProbeChild.run { child in
            let other = try OwnedFD.process(child.pid)
            try other.send(signal: SIGKILL)
            guard case .killed(SIGKILL) = try child.pidfd.waitForExit() else {
                return .no("the child did not end by the signal sent to its pidfd")
            }
            return .yes("opened, signalled and waited for")
        }
    }

    private static let closeRange = Probe(
        Feature(
            .kernel, "close_range", neededBy: "containers that inherit no descriptor", lost: "no pod can be started", mend: newer)
    ) { _ in
        try ProbeChild.stands { $0.closeDescriptors() }
        return .yes("descriptors closed in a child")
    }

    /// A path that leaves its directory must be refused, else the call protects from nothing.
    private static let openat2 = Probe(
        Feature(
            .kernel, "openat2", neededBy: "volume subPath, mounts inside an image's tree",
            lost: "no container can be started: its mounts could be led astray by links", mend: newer)
    ) { _ in
        let directory = try OwnedFD.directory("/proc")
        _ = try directory.open("self", flags: OwnedFD.pathOnly, resolve: [.beneath])
        do {
            _ = try directory.open("../etc", flags: OwnedFD.pathOnly, resolve: [.beneath])
        } catch let error as Errno where error == .crossDevice {
            return .yes("a path out of its directory is refused")
        }
        return .no("RESOLVE_BENEATH let a path out of its directory")
    }

    private static let memoryFile = Probe(
        Feature(
            .kernel, "memfd_create with seals", neededBy: "the supervisor's program, which containers must not overwrite",
            lost: "no pod can be started", mend: newer)
    ) { _ in
        let sealed = try SealedExecutable(path: "/proc/self/comm")
        do {
            try sealed.descriptor.writeAll([0])
        } catch let error as Errno where error == .notPermitted {
            return .yes("a sealed file refuses to be written")
        }
        return .no("a sealed file let itself be written")
    }

    private static let keyring = Probe(
        Feature(
            .kernel, "session keyrings", neededBy: "containers that see no keys of the host",
            lost: "containers share the host's session keyring", mend: "sysctl -w kernel.keys.maxkeys=2000 kernel.keys.maxbytes=25000",
            isRequired: false)
    ) { _ in
        try ProbeChild.stands { $0.keyring(optional: false) }
        return .yes("a new one was joined")
    }

    private static let inotify = Probe(
        Feature(
            .kernel, "inotify", neededBy: "manifest directories, requests between swiftlet's processes",
            lost: "the daemon does not start", mend: "sysctl -w fs.inotify.max_user_instances=512")
    ) { _ in
        let number = inotify_init1(CInt(IN_CLOEXEC))
        guard number >= 0 else { throw SystemError("inotify_init1", .current) }
        let descriptor = OwnedFD(adopting: number)
        guard unsafe inotify_add_watch(descriptor.rawValue, "/", UInt32(IN_CREATE)) >= 0 else {
            throw SystemError("inotify_add_watch", .current)
        }
        return .yes("a directory was watched")
    }
}
