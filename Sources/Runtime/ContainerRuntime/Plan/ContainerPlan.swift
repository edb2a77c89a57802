package import LinuxSystem

/// A process plan, and which descriptor each of its inputs wants.
package struct PreparedPlan: Sendable {
    package var plan: ProcessPlan
    /// In the order of the plan's input slots. The supervisor appends those of the process's stdio itself.
    package var inputs: [PlanInput]
}

/// A descriptor that a plan is given from outside.
package enum PlanInput: Sendable, Hashable {
    /// The directory of the cgroup to be born into.
    case cgroup
    case network, ipc, uts, user
    /// The pid namespace of the pod's init, or of a container, by a pidfd.
    case pidNamespace
    /// The process whose namespaces an exec joins, by a pidfd.
    case target
    /// A detached mount to put at the target of the spec's mount with this index.
    case mount(Int)
    /// An ID-mapped detached mount of an image layer: 0 is the uppermost.
    case layer(Int)
}

/// How the process's first three descriptors come about; what the supervisor appends to the plan's inputs follows from it.
package enum PlanStdio: Sendable, Hashable {
    /// Three descriptors: stdin, stdout, stderr.
    case streams
    /// A socket to which the master of a new terminal is sent.
    case terminal(rows: UInt16, columns: UInt16)
}

/// The root file system: an overlay of image layers and the container's writable layer.
package struct RootFileSystem: Codable, Sendable, Hashable {
    /// Uppermost first. Absolute paths.
    package var lowerDirectories: [String]
    package var upperDirectory: String
    package var workDirectory: String
    /// Further options: `volatile`.
    package var options: [String]

    package init(lowerDirectories: [String], upperDirectory: String, workDirectory: String, options: [String] = ["volatile"]) {
        self.lowerDirectories = lowerDirectories
        self.upperDirectory = upperDirectory
        self.workDirectory = workDirectory
        self.options = options
    }
}
