internal import CRI
internal import Glibc
internal import LinuxSystem
internal import PodNetwork

/// The pod's /dev/shm: a tmpfs of 64 MiB, as docker and containerd have it.
extension NativeRuntime {
    /// Attached nowhere: it lives as long as the supervisor or a container holds it, so nothing can stay behind. Where the kernel cannot
    /// clone such a mount into containers, it stands below the run directory until the sandbox is removed.
    ///
    /// - Returns: nil when the containers' /dev/shm is a path.
    func makeSharedMemory(_ config: PodSandboxConfig, _ layout: SandboxLayout) throws(SystemError) -> SharedDescriptor? {
        guard config.linux.securityContext.namespaceOptions.ipc != .node else { return nil }
        try StateFiles.makeDirectory(layout.sharedMemory)
        guard unsafe mount("shm", layout.sharedMemory, "tmpfs", UInt(MS_NOSUID | MS_NODEV | MS_NOEXEC), "mode=1777,size=65536k") == 0 else {
            throw SystemError("mount tmpfs on \(layout.sharedMemory)", .current)
        }
        return nil
    }

    /// What is bound on /dev/shm of the containers, where it is a path.
    func sharedMemoryPath(_ config: PodSandboxConfig, _ layout: SandboxLayout) -> String? {
        if config.linux.securityContext.namespaceOptions.ipc == .node { return "/dev/shm" }
        return machine.canCloneDetachedMounts ? nil : layout.sharedMemory
    }

    func unmountSharedMemory(_ layout: SandboxLayout) throws(SystemError) {
        guard !machine.canCloneDetachedMounts else { return }
        try Unmount.path(layout.sharedMemory, lazily: true)
    }
}
