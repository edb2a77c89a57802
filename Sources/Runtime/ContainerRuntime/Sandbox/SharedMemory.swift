internal import CRI
internal import LinuxSystem

/// The pod's /dev/shm: a tmpfs of 64 MiB, as docker and containerd have it.
extension NativeRuntime {
    /// Attached nowhere: it lives as long as the supervisor or a container holds it, so nothing can stay behind. Where the kernel
    /// cannot clone such a mount into containers, it stands below the run directory until the sandbox is removed.
    ///
    /// - Returns: nil when it stands there.
    func makeSharedMemory(_ layout: SandboxLayout) throws(SystemError) -> SharedDescriptor? {
        let made = try DetachedMount.fileSystem(
            type: "tmpfs", options: [("source", "shm"), ("mode", "1777"), ("size", "65536k")],
            attributes: [.noSUID, .noDevices, .noExecute])
        if machine.canCloneDetachedMounts { return SharedDescriptor(made) }
        try StateFiles.makeDirectory(layout.sharedMemory)
        try DetachedMount.attach(made, at: layout.sharedMemory)
        return nil
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
