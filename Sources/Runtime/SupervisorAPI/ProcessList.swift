/// A process in the supervisor's table.
package struct ProcessStatus: Equatable, Sendable {
    package var id: [UInt8]
    package var kind: ProcessKind
    package var pid: Int32
    /// CLOCK_REALTIME, nanoseconds since 1970.
    package var startedAtNanoseconds: Int64
    /// nil while it runs.
    package var exit: ProcessExit?

    package init(id: [UInt8], kind: ProcessKind, pid: Int32, startedAtNanoseconds: Int64, exit: ProcessExit?) {
        self.id = id
        self.kind = kind
        self.pid = pid
        self.startedAtNanoseconds = startedAtNanoseconds
        self.exit = exit
    }
}

package struct ListReply: MessageBody, Equatable {
    package var processes: [ProcessStatus]

    package init(processes: [ProcessStatus]) { self.processes = processes }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        processes = []
        for _ in 0..<(try reader.count(elementSize: 18, limit: 1 << 16)) {
            let id = try reader.processID()
            guard let kind = ProcessKind(rawValue: try reader.uint8()) else { throw .badValue }
            let pid = try reader.int32()
            let startedAt = try reader.int64()
            let exit = try reader.bool() ? try ProcessExit(from: &reader) : nil
            processes.append(
                ProcessStatus(id: id, kind: kind, pid: pid, startedAtNanoseconds: startedAt, exit: exit))
        }
    }

    package func write(to writer: inout MessageWriter) {
        writer.putCount(processes.count)
        for process in processes {
            writer.put(process.id)
            writer.put(process.kind.rawValue)
            writer.put(process.pid)
            writer.put(process.startedAtNanoseconds)
            writer.put(process.exit != nil)
            if let exit = process.exit { exit.write(to: &writer) }
        }
    }
}
