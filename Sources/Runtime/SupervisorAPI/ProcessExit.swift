/// How a process ended.
package struct ProcessExit: MessageBody, Equatable {
    package var id: [UInt8]
    package var kind: ProcessKind
    package var pid: Int32
    /// CLOCK_REALTIME, nanoseconds since 1970.
    package var startedAtNanoseconds, exitedAtNanoseconds: Int64
    /// What it gave to exit(2); 0 when a signal ended it.
    package var code: Int32
    /// The signal that ended it, 0 when it exited by itself.
    package var signal: Int32
    package var coreDumped: Bool
    /// The supervisor killed it at its deadline.
    package var timedOut: Bool

    /// The shell's view: the code, or 128 + the signal.
    package var exitCode: Int32 { signal == 0 ? code : 128 + signal }

    package init(
        id: [UInt8], kind: ProcessKind, pid: Int32, startedAtNanoseconds: Int64, exitedAtNanoseconds: Int64, code: Int32,
        signal: Int32, coreDumped: Bool = false, timedOut: Bool = false
    ) {
        self.id = id
        self.kind = kind
        self.pid = pid
        self.startedAtNanoseconds = startedAtNanoseconds
        self.exitedAtNanoseconds = exitedAtNanoseconds
        self.code = code
        self.signal = signal
        self.coreDumped = coreDumped
        self.timedOut = timedOut
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        id = try reader.processID()
        guard let kind = ProcessKind(rawValue: try reader.uint8()) else { throw .badValue }
        self.kind = kind
        pid = try reader.int32()
        startedAtNanoseconds = try reader.int64()
        exitedAtNanoseconds = try reader.int64()
        code = try reader.int32()
        signal = try reader.int32()
        coreDumped = try reader.bool()
        timedOut = try reader.bool()
    }

    package func write(to writer: inout MessageWriter) {
        writer.put(id)
        writer.put(kind.rawValue)
        writer.put(pid)
        writer.put(startedAtNanoseconds)
        writer.put(exitedAtNanoseconds)
        writer.put(code)
        writer.put(signal)
        writer.put(coreDumped)
        writer.put(timedOut)
    }
}
