package import LinuxSystem
package import SupervisorAPI

/// A process to start.
package struct StartRequest: Sendable {
    package enum Stdio: Sendable, Hashable {
        /// CRI log at an absolute path, whose directory exists. `maxSizeBytes` 0: no rotation.
        case log(path: String, maxSizeBytes: UInt64, maxFiles: UInt32)
        /// The last three descriptors of the call are stdin, stdout and stderr.
        case descriptors
        /// Only to those who attach.
        case null
    }

    package struct Terminal: Sendable, Hashable {
        package var rows, columns: UInt16
        package init(rows: UInt16, columns: UInt16) {
            self.rows = rows
            self.columns = columns
        }
    }

    package var id: String
    package var kind: ProcessKind
    /// `ProcessPlan.encoded()`. Its last input slots are the supervisor's: stdin, stdout, stderr, or with a terminal the one socket.
    package var plan: [UInt8]
    package var stdio = Stdio.null
    /// The plan holds an operation that opens it; its size is there.
    package var terminal: Terminal?
    package var stdin = StdinMode.none
    /// Host uid that may open the process's ends of the pipes again.
    package var ioOwner: UInt32 = 0
    /// Index among the descriptors of the cgroup directory for killAll and the time-out: of the process's own cgroup.
    package var cgroupDescriptor: Int?
    /// From the start; 0 is none. For exec.
    package var timeoutNanoseconds: UInt64 = 0
    /// Forgotten once its exit has been answered. For exec.
    package var autoRemove = false

    package init(id: String, kind: ProcessKind, plan: [UInt8]) {
        self.id = id
        self.kind = kind
        self.plan = plan
    }

    var message: StartProcessRequest {
        StartProcessRequest(
            id: Array(id.utf8), kind: kind, output: output, stdin: stdin, terminal: terminal != nil, ioOwner: ioOwner,
            cgroupDescriptor: Int32(cgroupDescriptor ?? -1), timeoutNanoseconds: timeoutNanoseconds,
            removedAfterWait: autoRemove, plan: plan)
    }

    private var output: OutputTarget {
        switch stdio {
        case .log(let path, let maxSizeBytes, let maxFiles):
            .log(LogTarget(path: Array(path.utf8), maxSizeBytes: maxSizeBytes, maxFiles: maxFiles))
        case .descriptors: .descriptors
        case .null: .discard
        }
    }
}

/// A process that runs.
package struct StartedProcess: Sendable {
    package struct Adjustment: Sendable, Hashable {
        /// Index of the plan's operation that took a lesser value.
        package var op: Int32
        package var errno: Errno
    }

    package var pid: Int32
    /// CLOCK_REALTIME, nanoseconds since 1970.
    package var startedAtNanoseconds: Int64
    package var adjusted: [Adjustment]
    /// The master of an exec's terminal.
    package var terminal: DescriptorBox?

    init(_ reply: StartProcessReply, terminal: DescriptorBox?) {
        pid = reply.pid
        startedAtNanoseconds = reply.startedAtNanoseconds
        adjusted = reply.adjusted.map { Adjustment(op: $0.operation, errno: Errno(rawValue: $0.errorNumber)) }
        self.terminal = terminal
    }
}

/// A client's ends of an attachment. Each output ends when the process has closed its own; one that is not read is cut.
package final class Attachment: Sendable {
    package let stdin: DescriptorBox?
    package let stdout: DescriptorBox?
    package let stderr: DescriptorBox?

    init(stdin: DescriptorBox?, stdout: DescriptorBox?, stderr: DescriptorBox?) {
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
    }
}
