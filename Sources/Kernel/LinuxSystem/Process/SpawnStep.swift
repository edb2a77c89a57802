internal import CLinux

/// The system call that failed inside an operation: CLINUX_STEP_*.
package struct SpawnStep: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    package let rawValue: Int32
    package init(rawValue: Int32) { self.rawValue = rawValue }
    private init(_ step: clinux_step) { rawValue = Int32(bitPattern: step.rawValue) }

    package static let clone = SpawnStep(CLINUX_STEP_CLONE)
    package static let setNamespaces = SpawnStep(CLINUX_STEP_SETNS)
    package static let openSource = SpawnStep(CLINUX_STEP_OPEN_SOURCE)
    package static let openTarget = SpawnStep(CLINUX_STEP_OPEN_TARGET)
    package static let createTarget = SpawnStep(CLINUX_STEP_CREATE_TARGET)
    package static let changeDirectory = SpawnStep(CLINUX_STEP_CHDIR)
    package static let exec = SpawnStep(CLINUX_STEP_EXEC)
    package static let plan = SpawnStep(CLINUX_STEP_PLAN)
    package static let died = SpawnStep(CLINUX_STEP_DIED)
    package static let verify = SpawnStep(CLINUX_STEP_VERIFY)

    /// In the order of `enum clinux_step`; a test compares the two.
    static let names = [
        "none", "clone3", "setns", "unshare", "setsid", "ioctl", "dup", "open source", "open target", "create target",
        "fsopen", "fsconfig", "fsmount", "open_tree", "mount_setattr", "move_mount", "mount", "mkdir", "mknod", "symlink",
        "open", "write", "pivot_root", "umount", "chdir", "sethostname", "setdomainname", "setrlimit", "keyctl", "prctl",
        "setgroups", "setgid", "setuid", "capset", "seccomp", "close_range", "execve", "check of the plan",
        "ended before execve", "verify", "pipe", "open terminal", "send terminal",
    ]

    package var description: String {
        Self.names.indices.contains(Int(rawValue)) ? Self.names[Int(rawValue)] : "step \(rawValue)"
    }
}
