internal import CLinux
#if !hasFeature(Embedded)
    internal import SupervisorAPI
#endif

/// The supervisor's side of a new process's channels.
struct ParentChannels: ~Copyable {
    var log: LogFile?
    var stdin: StdinPipe?
    var outputs: [OutputStream] = []
    private var terminal = DescriptorSlot()

    init(log: LogFile?) {
        self.log = log
    }

    mutating func takeTerminal() -> DescriptorSlot { terminal.move() }

    /// Wires a terminal's master to the log, to attached clients and to window sizes.
    mutating func adopt(master: consuming Descriptor, stdinMode: StdinMode) throws(SystemFailure) {
        let reading = try SystemFailure.descriptor(sv_duplicate(master.number))
        outputs = [OutputStream(.stdout, source: reading, log: log)]
        if stdinMode != .none {
            let writing = try SystemFailure.descriptor(sv_duplicate(master.number))
            stdin = StdinPipe(writing, closesAfterClient: stdinMode == .once)
        }
        terminal.put(master)
    }
}

/// The three pipes of a process without a terminal.
enum StandardIO {
    /// The same size as the log's read buffer: one read empties it.
    private static let pipeBytes = Int32(LogBuffers.readSize)

    /// Makes the channels, and appends the process's ends to the plan's descriptors: stdin, stdout, stderr.
    static func open(_ request: StartProcessRequest, log: LogFile?, for process: inout DescriptorList) throws(SystemFailure)
        -> ParentChannels
    {
        var channels = ParentChannels(log: log)
        if request.stdin == .none {
            process.append(try SystemFailure.descriptor(sv_open_null()))
        } else {
            let pipe = try Pipe.make(ownedBy: request.ioOwner)
            channels.stdin = StdinPipe(pipe.parentWrites(&process), closesAfterClient: request.stdin == .once)
        }
        for stream in [LogStream.stdout, .stderr] {
            let pipe = try Pipe.make(ownedBy: request.ioOwner)
            _ = sv_pipe_size(pipe.reading.number, pipeBytes)  // a smaller one only costs speed
            channels.outputs.append(OutputStream(stream, source: pipe.parentReads(&process), log: log))
        }
        return channels
    }
}

private struct Pipe: ~Copyable {
    let reading: Descriptor
    let writing: Descriptor

    /// - Parameter owner: Who may open the process's end again, as /dev/stdout.
    static func make(ownedBy owner: UInt32) throws(SystemFailure) -> Pipe {
        var ends: (Int32, Int32) = (-1, -1)
        _ = try SystemFailure.check(unsafe sv_pipe(&ends.0, &ends.1))
        let pipe = Pipe(reading: Descriptor(adopting: ends.0), writing: Descriptor(adopting: ends.1))
        // Reading and writing end are one inode.
        if owner != 0 { _ = try SystemFailure.check(sv_chown(ends.1, owner)) }
        return pipe
    }

    consuming func parentReads(_ process: inout DescriptorList) -> Descriptor {
        process.append(writing)
        return reading
    }

    consuming func parentWrites(_ process: inout DescriptorList) -> Descriptor {
        process.append(reading)
        return writing
    }
}
