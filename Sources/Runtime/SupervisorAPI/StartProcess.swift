package enum ProcessKind: UInt8, Sendable {
    /// A container's first process: has an exit record.
    case container = 1
    /// A process that joins a container: no exit record.
    case exec
    /// PID 1 of a shared pid namespace: has an exit record.
    case initProcess
}

/// A container's log: CRI format, rotated by the supervisor.
package struct LogTarget: Equatable, Sendable {
    /// Absolute; its directory exists.
    package var path: [UInt8]
    /// The file is rotated before it would grow beyond this; 0 never.
    package var maxSizeBytes: UInt64
    /// All files of this log together, the current one included; at least 2 when rotating.
    package var maxFiles: UInt32

    package init(path: [UInt8], maxSizeBytes: UInt64, maxFiles: UInt32) {
        self.path = path
        self.maxSizeBytes = maxSizeBytes
        self.maxFiles = maxFiles
    }
}

/// Where the process's output goes.
package enum OutputTarget: Equatable, Sendable {
    /// Nowhere but to attached clients.
    case discard
    case log(LogTarget)
    /// The last three descriptors of the packet are stdin, stdout and stderr themselves.
    case descriptors
}

package enum StdinMode: UInt8, Sendable {
    /// /dev/null
    case none
    /// A pipe that attached clients write to, as long as the process lives.
    case open
    /// The same, closed when the first client that wrote to it is gone.
    case once
}

/// Starts a process from a plan (clinux_plan.h). The packet's descriptors fill the plan's first input slots; the supervisor
/// adds its own as the last ones: stdin, stdout, stderr, or with a terminal the socket of CLINUX_OP_OPEN_PTY.
package struct StartProcessRequest: MessageBody, Equatable {
    package var id: [UInt8]
    package var kind: ProcessKind
    package var output: OutputTarget
    package var stdin: StdinMode
    package var terminal: Bool
    /// Host uid that will own the process's ends of the pipes, so that it may open /dev/stdout again.
    package var ioOwner: UInt32
    /// Which of the descriptors is the cgroup directory for killAll and the deadline; negative is none.
    package var cgroupDescriptor: Int32
    /// An exec's time from its start until it is killed; 0 is none.
    package var timeoutNanoseconds: UInt64
    /// Forgotten as soon as its exit has been answered to a wait.
    package var removedAfterWait: Bool
    package var plan: [UInt8]

    package init(
        id: [UInt8], kind: ProcessKind, output: OutputTarget, stdin: StdinMode = .none, terminal: Bool = false,
        ioOwner: UInt32 = 0, cgroupDescriptor: Int32 = -1, timeoutNanoseconds: UInt64 = 0, removedAfterWait: Bool = false,
        plan: [UInt8]
    ) {
        self.id = id
        self.kind = kind
        self.output = output
        self.stdin = stdin
        self.terminal = terminal
        self.ioOwner = ioOwner
        self.cgroupDescriptor = cgroupDescriptor
        self.timeoutNanoseconds = timeoutNanoseconds
        self.removedAfterWait = removedAfterWait
        self.plan = plan
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        id = try reader.processID()
        guard let kind = ProcessKind(rawValue: try reader.uint8()) else { throw .badValue }
        self.kind = kind
        output = try OutputTarget(from: &reader)
        guard let stdin = StdinMode(rawValue: try reader.uint8()) else { throw .badValue }
        self.stdin = stdin
        terminal = try reader.bool()
        ioOwner = try reader.uint32()
        cgroupDescriptor = try reader.int32()
        timeoutNanoseconds = try reader.uint64()
        guard timeoutNanoseconds <= UInt64(Int64.max) / 2 else { throw .badValue }
        removedAfterWait = try reader.bool()
        plan = try reader.byteString()
        if terminal, output == .descriptors { throw .badValue }
    }

    package func write(to writer: inout MessageWriter) {
        writer.put(id)
        writer.put(kind.rawValue)
        output.write(to: &writer)
        writer.put(stdin.rawValue)
        writer.put(terminal)
        writer.put(ioOwner)
        writer.put(cgroupDescriptor)
        writer.put(timeoutNanoseconds)
        writer.put(removedAfterWait)
        writer.put(plan)
    }
}

extension OutputTarget {
    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        switch try reader.uint8() {
        case 0: self = .discard
        case 1: self = .log(try LogTarget(from: &reader))
        case 2: self = .descriptors
        default: throw .badValue
        }
    }

    package func write(to writer: inout MessageWriter) {
        switch self {
        case .discard: writer.put(UInt8(0))
        case .log(let target):
            writer.put(UInt8(1))
            target.write(to: &writer)
        case .descriptors: writer.put(UInt8(2))
        }
    }
}

extension LogTarget {
    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        path = try reader.text(limit: 4095)
        maxSizeBytes = try reader.uint64()
        maxFiles = try reader.uint32()
        guard path.first == 0x2f, path.last != 0x2f, maxSizeBytes <= UInt64(Int64.max) else { throw .badValue }
    }

    package func write(to writer: inout MessageWriter) {
        writer.put(path)
        writer.put(maxSizeBytes)
        writer.put(maxFiles)
    }
}

/// An OPTIONAL operation of the plan that took a lesser value.
package struct AdjustedOperation: Equatable, Sendable {
    package var operation: Int32
    package var errorNumber: Int32

    package init(operation: Int32, errorNumber: Int32) {
        self.operation = operation
        self.errorNumber = errorNumber
    }
}

/// The process runs. With an exec's terminal the packet carries its master.
package struct StartProcessReply: MessageBody, Equatable {
    package var pid: Int32
    /// CLOCK_REALTIME, nanoseconds since 1970.
    package var startedAtNanoseconds: Int64
    /// The first eight at most.
    package var adjusted: [AdjustedOperation]

    package init(pid: Int32, startedAtNanoseconds: Int64, adjusted: [AdjustedOperation]) {
        self.pid = pid
        self.startedAtNanoseconds = startedAtNanoseconds
        self.adjusted = adjusted
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        pid = try reader.int32()
        startedAtNanoseconds = try reader.int64()
        adjusted = []
        for _ in 0..<(try reader.count(elementSize: 8, limit: 1024)) {
            adjusted.append(AdjustedOperation(operation: try reader.int32(), errorNumber: try reader.int32()))
        }
    }

    package func write(to writer: inout MessageWriter) {
        writer.put(pid)
        writer.put(startedAtNanoseconds)
        writer.putCount(adjusted.count)
        for one in adjusted {
            writer.put(one.operation)
            writer.put(one.errorNumber)
        }
    }
}
