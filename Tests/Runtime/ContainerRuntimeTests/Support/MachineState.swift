import Cgroups
import Glibc
import LinuxSystem

@testable import ContainerRuntime

/// What pods could leave on a machine: mounts, links, cgroups, processes, descriptors. Files are in the test's own directory.
struct MachineState: Sendable {
    var mounts: Set<String>
    var links: Set<String>
    var cgroups: Set<String>
    var supervisors: Set<Int32>

    static func read() throws -> MachineState {
        MachineState(
            mounts: Set(try MountTable.read().entries.map(\.mountPoint)), links: Set(try Files.names(in: "/sys/class/net")),
            cgroups: Set(try Cgroup(opening: try CgroupHierarchy.find().mountPoint).children()), supervisors: try supervisors())
    }

    private static func supervisors() throws -> Set<Int32> {
        Set(
            try Files.names(in: "/proc").compactMap { Int32($0) }.filter { pid in
                guard let text = try? Files.readText("/proc/\(pid)/cmdline") else { return false }
                return text.hasPrefix("swiftlet-supervisor\0")
            })
    }

    /// What is there now and was not before, of this test: others may run beside it. Waits for the kernel to let go of links.
    func difference(ignoring configuration: RuntimeConfiguration) async throws -> [String] {
        let deadline = ContinuousClock.now + .seconds(5)
        while true {
            let left = try remains(configuration)
            if left.isEmpty || ContinuousClock.now > deadline { return left }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func remains(_ configuration: RuntimeConfiguration) throws -> [String] {
        let now = try MachineState.read()
        let directory = configuration.runDirectory.dropLast("/run".utf8.count)
        let root = configuration.cgroupRoot.split(separator: "/").last.map(String.init) ?? ""
        var lines = now.mounts.subtracting(mounts).filter { $0.hasPrefix(directory) }.map { "mount \($0)" }
        if now.cgroups.contains(root) {
            let left = try Cgroup(opening: configuration.cgroupRoot).children()
            lines += left.map { "cgroup \(root)/\($0)" }
            // The root was given to the runtime; what is not its own to remove is the test's.
            if left.isEmpty, let parent = try? Cgroup(opening: CgroupHierarchy.find().mountPoint) { try? parent.removeChild(root) }
        }
        for pid in now.supervisors.subtracting(supervisors) {
            let text = (try? Files.readText("/proc/\(pid)/cmdline")) ?? ""
            if text.contains(directory) { lines.append("supervisor \(pid)") }
        }
        return lines
    }
}
