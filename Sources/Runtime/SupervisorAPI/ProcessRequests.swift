/// Requests that only name a process: killAll, wait, closeStdin, reopenLog, remove.
package struct ProcessRequest: MessageBody, Equatable {
    package var id: [UInt8]

    package init(id: [UInt8]) { self.id = id }
    package init(from reader: inout MessageReader) throws(MalformedMessage) { id = try reader.processID() }
    package func write(to writer: inout MessageWriter) { writer.put(id) }
}

package struct SignalRequest: MessageBody, Equatable {
    package var id: [UInt8]
    package var signal: Int32

    package init(id: [UInt8], signal: Int32) {
        self.id = id
        self.signal = signal
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        id = try reader.processID()
        signal = try reader.int32()
        guard (1...64).contains(signal) else { throw .badValue }
    }

    package func write(to writer: inout MessageWriter) {
        writer.put(id)
        writer.put(signal)
    }
}

package struct ResizeRequest: MessageBody, Equatable {
    package var id: [UInt8]
    package var rows, columns: UInt16

    package init(id: [UInt8], rows: UInt16, columns: UInt16) {
        self.id = id
        self.rows = rows
        self.columns = columns
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        id = try reader.processID()
        rows = try reader.uint16()
        columns = try reader.uint16()
    }

    package func write(to writer: inout MessageWriter) {
        writer.put(id)
        writer.put(rows)
        writer.put(columns)
    }
}

/// The packet carries a stream socket for each of the three that is true, in this order.
package struct AttachRequest: MessageBody, Equatable {
    package var id: [UInt8]
    package var stdin, stdout, stderr: Bool

    package init(id: [UInt8], stdin: Bool, stdout: Bool, stderr: Bool) {
        self.id = id
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        id = try reader.processID()
        stdin = try reader.bool()
        stdout = try reader.bool()
        stderr = try reader.bool()
        guard stdin || stdout || stderr else { throw .badValue }
    }

    package func write(to writer: inout MessageWriter) {
        writer.put(id)
        writer.put(stdin)
        writer.put(stdout)
        writer.put(stderr)
    }
}

package struct LogPolicyRequest: MessageBody, Equatable {
    package var id: [UInt8]
    package var maxSizeBytes: UInt64
    package var maxFiles: UInt32

    package init(id: [UInt8], maxSizeBytes: UInt64, maxFiles: UInt32) {
        self.id = id
        self.maxSizeBytes = maxSizeBytes
        self.maxFiles = maxFiles
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        id = try reader.processID()
        maxSizeBytes = try reader.uint64()
        maxFiles = try reader.uint32()
        guard maxSizeBytes <= UInt64(Int64.max) else { throw .badValue }
    }

    package func write(to writer: inout MessageWriter) {
        writer.put(id)
        writer.put(maxSizeBytes)
        writer.put(maxFiles)
    }
}

package struct ShutdownRequest: MessageBody, Equatable {
    /// Kills what still runs; otherwise something running is a refusal.
    package var force: Bool

    package init(force: Bool) { self.force = force }
    package init(from reader: inout MessageReader) throws(MalformedMessage) { force = try reader.bool() }
    package func write(to writer: inout MessageWriter) { writer.put(force) }
}
