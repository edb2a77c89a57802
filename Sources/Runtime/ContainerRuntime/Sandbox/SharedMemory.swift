internal import CRI
internal import Glibc
internal import LinuxSystem

/// The pod's /dev/shm: a tmpfs of 64 MiB, as docker and containerd have it.
extension NativeRuntime {
    /// Attached nowhere in the end: it lives as long as the supervisor or a container holds it, so nothing can stay behind. Where the kernel
    /// cannot clone such a mount into containers, it stands below the run directory until the sandbox is removed.
    ///
    /// - Returns: nil when it stands there.
    func makeSharedMemory(_ layout: SandboxLayout) throws(SystemError) -> SharedDescriptor? {
        let path = layout.sharedMemory
        try StateFiles.makeDirectory(path)
        let flags = UInt(MS_NOSUID | MS_NODEV | MS_NOEXEC)
        guard unsafe mount("shm", path, "tmpfs", flags, "mode=1777,size=65536k") == 0 else {
            throw SystemError("mount tmpfs on \(path)", .current)
        }
        guard machine.canCloneDetachedMounts else { return nil }
        let detached = SharedDescriptor(try DetachedMount.clone(path: path, recursive: false))
        try Unmount.path(path, lazily: true)
        return detached
    }

    /// What is bound on /dev/shm of the containers, where it is a path.
    func sharedMemoryPath(_ config: PodSandboxConfig, _ layout: SandboxLayout) -> String? {
        if config.linux.securityContext.namespaceOptions.ipc == .node { return "/dev/shm" }
        return machine.canCloneDetachedMounts ? nil : layout.sharedMemory
    }

    /// Fine when nothing is mounted there.
    func unmountSharedMemory(_ layout: SandboxLayout) throws(SystemError) {
        try Unmount.path(layout.sharedMemory, lazily: true)
    }
}
