import ArgumentParser
internal import ContainerRuntime
internal import Glibc
internal import Kubelet
internal import LinuxSystem

struct Down: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Stop the daemons and all pods, and remove everything that they have in the kernel.",
        discussion: """
            Images and the control plane's store stay. What was removed is printed, a line each. What could not be removed, such as a container whose process does not \
            die, stops nothing else: it is named at the end, with exit code 1; call it again when its cause is gone.
            """)

    @OptionGroup var instance: InstanceOptions

    func run() async throws {
        let runDirectory = instance.absoluteRunDirectory
        let controlPlane = try DaemonFile(runDirectory: runDirectory, role: .server).stop()
        if let controlPlane { Output.print("control plane \(controlPlane)") }
        // A control plane needs no root; where no agent and no `run` has been there is nothing else to remove.
        if controlPlane != nil, !Files.exists(PodRecords(runDirectory: runDirectory).directory) { return }
        try Privilege.requireRoot()
        let agent = try DaemonFile(runDirectory: runDirectory).stop()
        if let agent { Output.print("daemon \(agent)") }
        var left: [String] = []
        if try Instance.hasRemains(instance.place) {
            left = try await removePods()
        } else if agent == nil, controlPlane == nil, !trees.contains(where: Files.exists) {
            return Output.print("nothing to remove")
        }
        left += removeVolumes()
        for tree in trees {
            do { try TreeRemoval.remove(tree) } catch { left.append("\(error)") }
        }
        guard left.isEmpty else { throw Refusal("not everything could be removed:\n" + left.joined(separator: "\n")) }
    }

    /// - Returns: What is still there, a line each.
    private func removePods() async throws -> [String] {
        let opened = try await Instance.open(instance.place, for: .tearDown)
        let result = try await opened.runtime.tearDown()
        for line in result.removed { Output.print(line) }
        // A root that the user gave is the user's.
        if instance.cgroupRoot == nil, unsafe rmdir(opened.cgroups.root) == 0 { Output.print("cgroup \(opened.cgroups.root)") }
        return result.left
    }

    /// What pods and their owners leave on the disk.
    private var trees: [String] {
        ["pods", "memory", "logs"].map { "\(instance.absoluteDataDirectory)/\($0)" }
            + ["status", "requests"].map { "\(instance.absoluteRunDirectory)/\($0)" }
    }

    /// - Returns: What is still there, a line each.
    private func removeVolumes() -> [String] {
        var left: [String] = []
        do {
            let folders = ["pods", "memory"].map { "\(instance.absoluteDataDirectory)/\($0)" }
            for path in try folders.flatMap({ try NodeMounts.mountPoints(below: $0) }) {
                do {
                    try NodeMounts.unmountAll(exactly: path)
                    Output.print("mount \(path)")
                } catch { left.append("\(error)") }
            }
        } catch { left.append("\(error)") }
        return left
    }
}
