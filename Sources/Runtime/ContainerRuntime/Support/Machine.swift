internal import Glibc
internal import LinuxSystem

/// What of the machine decides how containers are made. Looked at once, at the start.
struct Machine: Sendable {
    /// Per-CPU directories that containers may not read (they tell of other tenants' load).
    var thermalPaths: [String]
    /// Of this process: it can give no container more.
    var capabilities: CapabilitySet
    /// overlayfs takes one option per layer, and can be mounted nowhere: Linux 6.7.
    var hasLayerOptions: Bool
    /// A detached mount can be cloned: Linux 6.15. Before, a pod's /dev/shm is mounted below the run directory.
    var canCloneDetachedMounts: Bool

    static func inspect() -> Machine {
        let own = try? ProcessStatus.read(pid: getpid()).capabilities
        return Machine(
            thermalPaths: thermalPaths(), capabilities: own.map { $0.bounding.intersection($0.permitted) } ?? .all,
            hasLayerOptions: KernelVersion.running >= KernelVersion(6, 7),
            canCloneDetachedMounts: KernelVersion.running >= KernelVersion(6, 15))
    }

    private static func thermalPaths() -> [String] {
        let directory = "/sys/devices/system/cpu"
        let cpus = ((try? Files.namesIfAny(in: directory)) ?? []).filter { $0.hasPrefix("cpu") && Int($0.dropFirst(3)) != nil }
        return cpus.sorted().map { "\(directory)/\($0)/thermal_throttle" }.filter(Files.exists)
    }
}
