package import CRI
internal import Glibc
internal import LinuxSystem

extension NativeRuntime {
    package func exec(_ id: String, command: [String], streams: StreamOptions) async throws(RuntimeError) -> ContainerStreams {
        if streams.tty { return try await execOnTerminal(id, command, streams) }
        let pipes = try await verb("exec \"\(command.first ?? "")\" in container \(name(id))") {
            let container = try container(id)
            return try CommandPipes(streams, owner: container.sandbox.hostID(of: container.spec.process.user.uid))
        }
        let running = try await exec(id, command: command, descriptors: pipes.theirs.map(\.rawValue))
        extendLifetime(pipes.theirs)
        return ContainerStreams(
            stdin: pipes.stdin, stdout: pipes.stdout, stderr: pipes.stderr,
            resize: { _ throws(RuntimeError) in throw RuntimeError(.failedPrecondition, "the command has no terminal") },
            exit: { () throws(RuntimeError) in try await running.exitCode() })
    }

    private func execOnTerminal(_ id: String, _ command: [String], _ streams: StreamOptions) async throws(RuntimeError) -> ContainerStreams
    {
        let running = try await exec(id, command: command, descriptors: [], terminal: TerminalSize(rows: 0, columns: 0))
        return try await verb("use the terminal of command \(running.id)") {
            guard let master = running.terminal else { throw RuntimeError(.failed, "the supervisor gave none") }
            let terminal = try DescriptorChannel(try master.fd.duplicate(), .terminal)
            // From here on the channel alone holds it: the command is hung up on when it is closed.
            running.releaseTerminal()
            return ContainerStreams(
                stdin: streams.stdin ? terminal : nil, stdout: terminal,
                resize: { size throws(RuntimeError) in
                    do throws(SystemError) { try terminal.resize(size) } catch { throw RuntimeError(.failed, "\(error)") }
                },
                exit: { () throws(RuntimeError) in try await running.exitCode() })
        }
    }
}

/// The pipes of a command without a terminal.
private struct CommandPipes {
    /// stdin, stdout, stderr as the command gets them.
    let theirs: [SharedDescriptor]
    let stdin: DescriptorChannel?
    let stdout: DescriptorChannel?
    let stderr: DescriptorChannel?

    private static let pipeBytes: CInt = 1 << 20
    /// F_SETPIPE_SZ of fcntl(2), which Glibc's module lacks.
    private static let setPipeSize: CInt = 1031

    /// - Parameter owner: Who may open the command's ends again, as /dev/stdout.
    init(_ streams: StreamOptions, owner: UInt32) throws {
        var theirs: [SharedDescriptor] = []
        func end(_ isWanted: Bool, commandReads: Bool) throws -> DescriptorChannel? {
            guard isWanted else {
                theirs.append(SharedDescriptor(try Self.null()))
                return nil
            }
            let pipe = try OwnedFD.pipe()
            if owner != 0 { _ = fchown(pipe.write.rawValue, owner, gid_t.max) }
            _ = fcntl(pipe.write.rawValue, Self.setPipeSize, Self.pipeBytes)  // a smaller one only costs speed
            theirs.append(SharedDescriptor(commandReads ? try pipe.read.duplicate() : try pipe.write.duplicate()))
            return try DescriptorChannel(commandReads ? try pipe.write.duplicate() : try pipe.read.duplicate(), .pipe)
        }
        stdin = try end(streams.stdin, commandReads: true)
        stdout = try end(streams.stdout, commandReads: false)
        stderr = try end(streams.stderr, commandReads: false)
        self.theirs = theirs
    }

    private static func null() throws(SystemError) -> OwnedFD {
        let number = unsafe open("/dev/null", O_RDWR | O_CLOEXEC)
        guard number >= 0 else { throw SystemError("open /dev/null", .current) }
        return OwnedFD(adopting: number)
    }
}
