internal import CLinux
#if !hasFeature(Embedded)
    internal import SupervisorAPI
#endif

/// Requests about a process's input, output and log.
extension Supervisor {
    /// Connects a client's sockets to a process; the client sees what comes from now on.
    func attach(_ request: inout Request) throws(Refusal) {
        let wanted = try request.message.decode(AttachRequest.self)
        let process = try existing(wanted.id)
        var sockets = request.message.takeDescriptors()
        try checkAttachment(wanted, process, sockets)
        if wanted.stdin, let socket = sockets.takeFirst() { process.stdin?.add(StdinClient(socket)) }
        if wanted.stdout, let socket = sockets.takeFirst() { process.output(.stdout)?.add(OutputClient(socket)) }
        // A terminal has one output: a socket for stderr ends at once.
        if wanted.stderr, let socket = sockets.takeFirst() { process.output(.stderr)?.add(OutputClient(socket)) }
        request.reply()
    }

    private func checkAttachment(_ wanted: AttachRequest, _ process: ManagedProcess, _ sockets: borrowing DescriptorList) throws(Refusal) {
        let expected = (wanted.stdin ? 1 : 0) + (wanted.stdout ? 1 : 0) + (wanted.stderr ? 1 : 0)
        guard sockets.count == expected, sockets.numbers.allSatisfy({ number in sv_is_stream_socket(number) == 1 }) else {
            throw Refusal(
                .invalid, errorNumber: ErrorNumber.invalid,
                detail: Text("attach wants one stream socket for each of stdin, stdout, stderr").bytes)
        }
        guard process.isRunning else {
            throw Refusal(.notFound, errorNumber: ErrorNumber.noProcess, detail: (Text("process ") + process.id + " has ended").bytes)
        }
        if wanted.stdin, process.stdin?.isOpen != true {
            throw Refusal(.invalid, errorNumber: ErrorNumber.invalid, detail: (Text("process ") + process.id + " has no open stdin").bytes)
        }
        if wanted.stdout || wanted.stderr, process.outputs.isEmpty {
            throw Refusal(
                .invalid, errorNumber: ErrorNumber.invalid, detail: (Text("the supervisor does not have the output of ") + process.id).bytes
            )
        }
    }

    func resize(_ request: inout Request) throws(Refusal) {
        let wanted = try request.message.decode(ResizeRequest.self)
        let process = try existing(wanted.id)
        guard let number = process.terminalNumber else {
            throw Refusal(.invalid, errorNumber: ErrorNumber.invalid, detail: (Text("process ") + wanted.id + " has no terminal").bytes)
        }
        let result = sv_terminal_size(number, wanted.rows, wanted.columns)
        guard result >= 0 else {
            throw Refusal(.failed, errorNumber: -result, detail: (Text("resize the terminal of ") + wanted.id).bytes)
        }
        request.reply()
    }

    func closeStdin(_ request: inout Request) throws(Refusal) {
        try existing(request.message.decode(ProcessRequest.self).id).closeStdin()
        request.reply()
    }

    func reopenLog(_ request: inout Request) throws(Refusal) {
        let (process, log) = try processWithLog(request.message.decode(ProcessRequest.self).id)
        do throws(SystemFailure) {
            try log.reopen()
        } catch {
            throw Refusal(.failed, errorNumber: error.number, detail: (Text("reopen the log of ") + process.id).bytes)
        }
        request.reply()
    }

    func setLogPolicy(_ request: inout Request) throws(Refusal) {
        let wanted = try request.message.decode(LogPolicyRequest.self)
        try processWithLog(wanted.id).log.setPolicy(maxSizeBytes: wanted.maxSizeBytes, maxFiles: wanted.maxFiles)
        request.reply()
    }

    private func processWithLog(_ id: [UInt8]) throws(Refusal) -> (process: ManagedProcess, log: LogFile) {
        let process = try existing(id)
        guard let log = process.log else {
            throw Refusal(.invalid, errorNumber: ErrorNumber.invalid, detail: (Text("process ") + id + " has no log").bytes)
        }
        guard process.isRunning else {  // an ended process must not bring a renamed log back (CRI ReopenContainerLog)
            throw Refusal(.notFound, errorNumber: ErrorNumber.noProcess, detail: (Text("process ") + id + " has ended").bytes)
        }
        return (process, log)
    }
}
