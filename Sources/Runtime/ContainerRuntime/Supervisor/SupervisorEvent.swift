package import LinuxSystem
package import SupervisorAPI

/// What a supervisor tells without being asked.
package enum SupervisorEvent: Sendable {
    /// A process has ended; its output is in its log and its exit record on disk, unless `recordError` came before.
    case exited(ProcessExit)
    /// The log cannot be written. `errno` 0: it can again, and says itself how many bytes are missing.
    case logError(id: String, errno: Errno, droppedBytes: UInt64)
    /// The exit of a process, told next or already, is not on disk: it is lost when the supervisor dies. `errno` 0: now it is.
    case recordError(id: String, errno: Errno)
    /// The connection is closed: the supervisor has ended.
    case gone
}

/// How a supervisor introduces itself.
package struct SupervisorHello: Sendable, Hashable {
    package var version: UInt16
    package var pid: Int32
    package var sandboxID: String
    /// CLOCK_REALTIME, nanoseconds since 1970.
    package var startedAtNanoseconds: Int64
    /// In force; above what was asked for where the kernel did not allow it.
    package var oomScoreAdjust: Int32

    init(_ reply: HelloReply) {
        version = reply.version
        pid = reply.pid
        sandboxID = String(decoding: reply.sandboxID, as: UTF8.self)
        startedAtNanoseconds = reply.startedAtNanoseconds
        oomScoreAdjust = reply.oomScoreAdjust
    }
}

/// A process in the supervisor's table.
package struct SupervisedProcess: Sendable {
    package var id: String
    package var kind: ProcessKind
    package var pid: Int32
    /// CLOCK_REALTIME, nanoseconds since 1970.
    package var startedAtNanoseconds: Int64
    /// nil while it runs.
    package var exit: ProcessExit?

    init(_ status: SupervisorAPI.ProcessStatus) {
        id = String(decoding: status.id, as: UTF8.self)
        kind = status.kind
        pid = status.pid
        startedAtNanoseconds = status.startedAtNanoseconds
        exit = status.exit
    }
}
