import ArgumentParser
internal import ContainerRuntime
internal import Glibc
internal import Kubelet
internal import LinuxSystem

struct Down: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Stop the daemon and all pods, and remove everything that they have in the kernel.",
        discussion: "Images stay. What was removed is printed, a line each.")

    @OptionGroup var instance: InstanceOptions

    func run() async throws {
        try Privilege.requireRoot()
        let daemon = DaemonFile(runDirectory: instance.absoluteRunDirectory)
        let stopped = try daemon.stop()
        if let stopped { Output.print("daemon \(stopped)") }
        if try Instance.hasRemains(instance) {
            let opened = try await Instance.open(instance, for: .tearDown)
            for line in try await opened.runtime.tearDown() { Output.print(line) }
            // A root that the user gave is the user's.
            if instance.cgroupRoot == nil, unsafe rmdir(opened.cgroups.root) == 0 { Output.print("cgroup \(opened.cgroups.root)") }
        } else if stopped == nil, !trees.contains(where: Files.exists) {
            return Output.print("nothing to remove")
        }
        try removeVolumes()
        for tree in trees { try TreeRemoval.remove(tree) }
    }

    /// What pods and their owners leave on the disk.
    private var trees: [String] {
        ["pods", "logs"].map { "\(instance.absoluteDataDirectory)/\($0)" }
            + ["status", "requests"].map { "\(instance.absoluteRunDirectory)/\($0)" }
    }

    private func removeVolumes() throws {
        for path in try NodeMounts.mountPoints(below: "\(instance.absoluteDataDirectory)/pods") {
            try NodeMounts.unmountAll(exactly: path)
            Output.print("mount \(path)")
        }
    }
}
