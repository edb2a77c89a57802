import ArgumentParser
internal import ContainerRuntime
internal import Glibc
internal import Kubelet
internal import LinuxSystem

struct Down: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stop the daemon and all pods, and remove everything that they have in the kernel.",
        discussion: "Images stay. What was removed is printed, a line each.")

    @OptionGroup var instance: InstanceOptions

    func run() async throws {
        try Privilege.requireRoot()
        let daemon = DaemonFile(runDirectory: instance.absoluteRunDirectory)
        if let pid = try daemon.stop() { Output.print("daemon \(pid)") }
        let opened = try await Instance.open(instance, for: .tearDown)
        for line in try await opened.runtime.tearDown() { Output.print(line) }
        // A root that the user gave is the user's.
        if instance.cgroupRoot == nil, unsafe rmdir(opened.cgroups.root) == 0 { Output.print("cgroup \(opened.cgroups.root)") }
        try removeVolumes(opened.dataDirectory)
        for name in ["pods", "logs"] { try TreeRemoval.remove("\(opened.dataDirectory)/\(name)") }
        for name in ["status", "requests"] { try TreeRemoval.remove("\(opened.runDirectory)/\(name)") }
    }

    private func removeVolumes(_ dataDirectory: String) throws {
        for path in try NodeMounts.mountPoints(below: "\(dataDirectory)/pods") {
            try NodeMounts.unmountAll(exactly: path)
            Output.print("mount \(path)")
        }
    }
}
