internal import Cgroups
internal import LinuxSystem
internal import PodNetwork

extension NativeRuntime {
    /// Whether there is anything of this instance that `tearDown` would remove. Only looks: to open a runtime makes directories and cgroups.
    package static func hasRemains(_ configuration: RuntimeConfiguration) throws -> Bool {
        let layout = StateLayout(runDirectory: configuration.runDirectory)
        let root = configuration.cgroups.absolutePath(root: configuration.cgroupRoot)
        let cgroups = [KubepodsLayout.top, Self.sandboxCgroups, CgroupRootHandle.supervisorsName(configuration)]
        let paths = [layout.pods, layout.removed, layout.damaged, layout.rootMountPoint] + cgroups.map { "\(root)/\($0)" }
        if paths.contains(where: Files.exists) { return true }
        return try networkConfiguration(configuration).map(PodNetwork.hasRemains) ?? false
    }
}
