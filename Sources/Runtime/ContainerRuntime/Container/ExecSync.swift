package import CRI
internal import Glibc
internal import LinuxSystem
internal import SupervisorAPI

extension NativeRuntime {
    package func execSync(_ id: String, command: [String], timeout: Duration?) async throws(RuntimeError) -> ExecSyncResult {
        try await verb("exec \"\(command.first ?? "")\" in container \(name(id))") {
            let running = try await blocking { [self] in
                let stdout = try collector.makePipe()
                let stderr = try collector.makePipe()
                var exec = ExecProcess(container: try container(id), command: command)
                exec.timeout = timeout
                let null = try NullDevice.open()
                let process = try start(exec, descriptors: [null.rawValue, stdout.writeEnd.rawValue, stderr.writeEnd.rawValue])
                return CollectedExec(process: process, output: stdout.output, errors: stderr.output)
            }
            let exit = try await running.process.exit()
            return try result(running, exit, timeout)
        }
    }

    private func result(_ running: CollectedExec, _ exit: ProcessExit, _ timeout: Duration?) throws -> ExecSyncResult {
        let (stdout, stderr) = (collector.finish(running.output), collector.finish(running.errors))
        let process = running.process
        cleanup.add(for: process.container.sandbox.id, "remove the cgroup of \(process.id)") { process.removeCgroup() }
        if exit.timedOut, let timeout {
            throw RuntimeError(.deadlineExceeded, "command timed out: it and its children were killed after \(timeout)")
        }
        return ExecSyncResult(stdout: stdout, stderr: stderr, exitCode: exit.exitCode)
    }
}

/// /dev/null to read from.
private enum NullDevice {
    static func open() throws(SystemError) -> OwnedFD {
        let number = unsafe Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { throw SystemError("open /dev/null", .current) }
        return OwnedFD(adopting: number)
    }
}

private struct CollectedExec: Sendable {
    var process: RunningExec
    var output: OutputCollector.Stream
    var errors: OutputCollector.Stream
}
