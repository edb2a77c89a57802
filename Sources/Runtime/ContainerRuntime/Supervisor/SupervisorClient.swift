internal import LinuxSystem
package import SupervisorAPI

/// The daemon's and the commands' connection to one pod's supervisor.
///
/// Every call waits for its answer, so it belongs on a thread that may block. Many threads may call at once.
package final class SupervisorClient: Sendable {
    /// How long a call waits, unless it says otherwise. Starting a container is the slowest: its mounts can take a while.
    static let timeout = Duration.seconds(30)

    package let hello: SupervisorHello
    private let socket: SupervisorSocket
    private let calls = SupervisorCalls()
    let turns = ReadingTurns()
    private let onEvent: (@Sendable (SupervisorEvent) -> Void)?

    init(_ socket: consuming SupervisorSocket, hello: SupervisorHello, onEvent: (@Sendable (SupervisorEvent) -> Void)?) {
        self.socket = socket
        self.hello = hello
        self.onEvent = onEvent
    }

    var descriptor: CInt { socket.socket.rawValue }

    // MARK: Namespaces

    /// Makes the pod's namespaces; the supervisor keeps them and what is passed.
    ///
    /// - Parameters:
    ///   - network: A ready network namespace.
    ///   - sharedMemory: A detached mount for /dev/shm.
    package func createNamespaces(
        _ request: NamespaceRequest, network: CInt? = nil, sharedMemory: CInt? = nil
    ) throws(SupervisorError) -> PodNamespaces {
        var passed: NamespaceKinds = []
        if network != nil { passed.insert(.network) }
        if sharedMemory != nil { passed.insert(.sharedMemory) }
        let packet = try call(
            .createNamespaces, request.message(passed: passed), "create the pod's namespaces",
            descriptors: [network, sharedMemory].compactMap { $0 })
        return try namespaces(in: packet, .createNamespaces)
    }

    /// The namespaces again, after adoption.
    package func namespaces() throws(SupervisorError) -> PodNamespaces {
        try namespaces(in: call(.namespaces, EmptyBody(), "get the pod's namespaces"), .namespaces)
    }

    private func namespaces(in packet: SupervisorPacket, _ type: MessageType) throws(SupervisorError) -> PodNamespaces {
        let reply = try decode(packet, NamespacesReply.self, type, "get the pod's namespaces")
        guard reply.kinds.count == packet.descriptors.count else { throw error("get the pod's namespaces", .malformed) }
        return PodNamespaces(kinds: reply.kinds, boxes: packet.descriptors)
    }

    // MARK: Processes

    /// - Parameter descriptors: For the plan's first input slots, in order. They stay the caller's.
    package func start(_ request: StartRequest, descriptors: [CInt]) throws(SupervisorError) -> StartedProcess {
        let packet = try call(.startProcess, request.message, "start \(request.id)", descriptors: descriptors)
        let reply = try decode(packet, StartProcessReply.self, .startProcess, "start \(request.id)")
        return StartedProcess(reply, terminal: packet.descriptors.first)
    }

    package func signal(_ id: String, _ signal: CInt) throws(SupervisorError) {
        try order(.signal, SignalRequest(id: Array(id.utf8), signal: signal), "send signal \(signal) to \(id)")
    }

    /// Kills everything in the cgroup given at the start, or the process group.
    package func killAll(_ id: String) throws(SupervisorError) {
        try order(.killAll, ProcessRequest(id: Array(id.utf8)), "kill \(id)")
    }

    package func list() throws(SupervisorError) -> [SupervisedProcess] {
        let packet = try call(.list, EmptyBody(), "list the processes")
        return try decode(packet, ListReply.self, .list, "list the processes").processes.map(SupervisedProcess.init)
    }

    /// Waits for a process's end, on this thread. nil waits for ever.
    package func wait(_ id: String, timeout: Duration? = nil) throws(SupervisorError) -> ProcessExit {
        let packet = try call(.wait, ProcessRequest(id: Array(id.utf8)), "wait for \(id)", timeout: timeout)
        return try decode(packet, ProcessExit.self, .wait, "wait for \(id)")
    }

    /// Waits for a process's end; holds no thread.
    package func exit(of id: String) async throws(SupervisorError) -> ProcessExit {
        let answer = await withCheckedContinuation { continuation in
            send(.wait, ProcessRequest(id: Array(id.utf8)), descriptors: []) { continuation.resume(returning: $0) }
        }
        switch answer {
        case .success(let packet): return try decode(packet, ProcessExit.self, .wait, "wait for \(id)")
        case .failure(let reason): throw error("wait for \(id)", reason)
        }
    }

    /// Forgets a process that has ended, and deletes its exit record.
    package func remove(_ id: String) throws(SupervisorError) {
        try order(.remove, ProcessRequest(id: Array(id.utf8)), "remove \(id)")
    }

    // MARK: Streams

    package func attach(_ id: String, stdin: Bool, stdout: Bool, stderr: Bool) throws(SupervisorError) -> Attachment {
        let operation = "attach to \(id)"
        var own: [DescriptorBox?] = []
        var theirs: [DescriptorBox] = []
        do throws(SystemError) {
            for wanted in [stdin, stdout, stderr] {
                guard wanted else {
                    own.append(nil)
                    continue
                }
                let pair = try UnixSocket.pair(.stream)
                own.append(DescriptorBox(try pair.one.copy(for: operation)))
                theirs.append(DescriptorBox(try pair.other.copy(for: operation)))
            }
        } catch {
            throw self.error(operation, .system(error))
        }
        let request = AttachRequest(id: Array(id.utf8), stdin: stdin, stdout: stdout, stderr: stderr)
        try order(.attach, request, operation, descriptors: theirs.map { $0.fd.rawValue })
        return Attachment(stdin: own[0], stdout: own[1], stderr: own[2])
    }

    package func resize(_ id: String, rows: UInt16, columns: UInt16) throws(SupervisorError) {
        try order(.resize, ResizeRequest(id: Array(id.utf8), rows: rows, columns: columns), "resize the terminal of \(id)")
    }

    package func closeStdin(_ id: String) throws(SupervisorError) {
        try order(.closeStdin, ProcessRequest(id: Array(id.utf8)), "close stdin of \(id)")
    }

    /// After the log file was renamed. An ended process's log is not opened again: that is a refusal.
    package func reopenLog(_ id: String) throws(SupervisorError) {
        try order(.reopenLog, ProcessRequest(id: Array(id.utf8)), "reopen the log of \(id)")
    }

    package func setLogPolicy(_ id: String, maxSizeBytes: UInt64, maxFiles: UInt32) throws(SupervisorError) {
        try order(
            .setLogPolicy, LogPolicyRequest(id: Array(id.utf8), maxSizeBytes: maxSizeBytes, maxFiles: maxFiles),
            "set the log limits of \(id)")
    }

    // MARK: End

    /// Ends the supervisor. With `force` all that runs is killed first and its exits are recorded, else it is refused while something runs.
    package func shutdown(force: Bool, timeout: Duration = .seconds(15)) throws(SupervisorError) {
        do throws(SupervisorError) {
            try order(.shutdown, ShutdownRequest(force: force), "shut the supervisor down", timeout: timeout)
        } catch {
            // It is what was wanted, whoever came first.
            if case .gone = error.reason { return }
            throw error
        }
    }

    // MARK: Calls

    private func order<Body: MessageBody>(
        _ type: MessageType, _ body: Body, _ operation: String, descriptors: [CInt] = [], timeout: Duration? = timeout
    ) throws(SupervisorError) {
        let packet = try call(type, body, operation, descriptors: descriptors, timeout: timeout)
        _ = try decode(packet, EmptyBody.self, type, operation)
    }

    private func call<Body: MessageBody>(
        _ type: MessageType, _ body: Body, _ operation: String, descriptors: [CInt] = [], timeout: Duration? = timeout
    ) throws(SupervisorError) -> SupervisorPacket {
        let blocked = BlockedCall()
        let readsItself = takeTurn()
        defer { if readsItself { endTurn() } }
        let id = send(type, body, descriptors: descriptors) { blocked.complete($0) }
        switch readsItself ? readUntilAnswered(blocked, timeout) : blocked.wait(timeout) {
        case .success(let packet): return packet
        case .failure(let reason): throw error(operation, reason)
        case nil:
            if let id { calls.end(id, nil) }
            throw error(operation, .timedOut)
        }
    }

    /// Sends a request; the completion is called once, maybe at once.
    @discardableResult
    private func send<Body: MessageBody>(
        _ type: MessageType, _ body: Body, descriptors: [CInt], _ completion: @escaping SupervisorCalls.Completion
    ) -> UInt32? {
        guard let id = calls.begin(completion) else {
            completion(.failure(.gone))
            return nil
        }
        do throws(SupervisorError.Reason) {
            try socket.send(type, body, requestID: id, version: hello.version, descriptors: descriptors)
        } catch {
            calls.end(id, .failure(error))
        }
        return id
    }

    private func decode<Body: MessageBody>(
        _ packet: SupervisorPacket, _ body: Body.Type, _ type: MessageType, _ operation: String
    ) throws(SupervisorError) -> Body {
        do throws(SupervisorError.Reason) {
            return try packet.decode(body, as: type.reply)
        } catch {
            throw self.error(operation, error)
        }
    }

    private func error(_ operation: String, _ reason: SupervisorError.Reason) -> SupervisorError {
        SupervisorError(operation: "\(operation) in sandbox \(hello.sandboxID)", reason: reason)
    }

    // MARK: Reading

    /// Takes one packet, if it is there and nobody else's to read. On the reader's thread.
    ///
    /// - Returns: false when the connection is at its end.
    func readOne() -> Bool { turns.ofReader { readPacket() } ?? true }

    /// - Returns: Whether this caller reads now, and nobody else does; not when another caller does.
    private func takeTurn() -> Bool {
        guard case .success(let reader) = SupervisorReader.shared, let token = turns.begin() else { return false }
        reader.pause(self, token: token)
        return true
    }

    private func endTurn() {
        guard case .success(let reader) = SupervisorReader.shared, let token = turns.end() else { return }
        reader.resume(self, token: token)
    }

    /// Reads whatever comes, also for others who wait, until the answer is there.
    private func readUntilAnswered(_ call: BlockedCall, _ timeout: Duration?) -> SupervisorCalls.Answer? {
        let deadline = timeout.map { ContinuousClock.now + $0 }
        while true {
            if let answer = call.answerIfThere { return answer }
            let ready: [PollEvents]
            do throws(Errno) {
                ready = try poll([(fd: descriptor, events: .readable)], timeout: deadline.map { $0 - .now })
            } catch {
                return .failure(.system(SystemError("wait for the supervisor", error)))
            }
            guard ready.contains(where: { !$0.isEmpty }) else { return nil }
            if !readPacket() { return call.answerIfThere ?? .failure(.gone) }
        }
    }

    private func readPacket() -> Bool {
        do throws(SupervisorError.Reason) {
            if let packet = try socket.receiveIfThere() { dispatch(packet) }
            return true
        } catch {
            if calls.close() { onEvent?(.gone) }
            return false
        }
    }

    private func dispatch(_ packet: SupervisorPacket) {
        switch packet.header.type {
        case .processExited, .logFailed, .recordFailed:
            if let event = SupervisorEvent(packet) { onEvent?(event) }
        default:
            calls.end(packet.header.requestID, .success(packet))
        }
    }
}

extension SupervisorEvent {
    /// nil for one that does not decode.
    fileprivate init?(_ packet: SupervisorPacket) {
        var reader = packet.body
        do throws(MalformedMessage) {
            switch packet.header.type {
            case .processExited: self = .exited(try ProcessExit(from: &reader))
            case .recordFailed:
                let failure = try RecordFailure(from: &reader)
                self = .recordError(id: String(decoding: failure.id, as: UTF8.self), errno: Errno(rawValue: failure.errorNumber))
            default:
                let failure = try LogFailure(from: &reader)
                self = .logError(
                    id: String(decoding: failure.id, as: UTF8.self), errno: Errno(rawValue: failure.errorNumber),
                    droppedBytes: failure.droppedBytes)
            }
        } catch { return nil }
    }
}

extension OwnedFD {
    /// A second descriptor of its own: members cannot be taken out of a pair.
    fileprivate func copy(for operation: String) throws(SystemError) -> OwnedFD {
        do throws(Errno) { return try duplicate() } catch { throw SystemError(operation, error) }
    }
}
