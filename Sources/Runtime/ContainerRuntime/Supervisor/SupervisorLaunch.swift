internal import Glibc
package import LinuxSystem
internal import SupervisorAPI

extension SupervisorClient {
    package struct LaunchOptions: Sendable {
        /// What the kernel does not allow is left at what it is: see `SupervisorHello.oomScoreAdjust`.
        package var oomScoreAdjust: Int32?
        /// Directory of a cgroup that the supervisor is born into, so that the end of the daemon's own does not end the pod.
        package var cgroup: String?

        package init() {}
    }

    /// Starts a supervisor and shakes hands.
    ///
    /// - Parameters:
    ///   - directory: Absolute, exists with mode 0700; its last component is the sandbox's id.
    ///   - events: Called on the thread that reads for all supervisors, or that of a call to this one: must not block, nor call a client.
    package static func launch(
        executable: SealedExecutable, directory: String, options: LaunchOptions = .init(), timeout: Duration = .seconds(10),
        events: (@Sendable (SupervisorEvent) -> Void)? = nil
    ) throws(SupervisorError) -> SupervisorClient {
        let operation = "start supervisor in \(directory)"
        do throws(SupervisorError.Reason) {
            let reader = try SupervisorReader.shared.get { SupervisorError.Reason.system($0) }
            let (socket, process) = try start(executable, directory, options)
            do throws(SupervisorError.Reason) {
                do throws(SystemError) { try reader.watch(process: process) } catch { throw .system(error) }
                let client = try shakeHands(try wrapped(socket), timeout: timeout, events)
                do throws(SystemError) { try reader.watch(client) } catch { throw .system(error) }
                return client
            } catch {
                try? process.fd.send(signal: SIGKILL)  // nobody would know it
                throw error
            }
        } catch {
            throw SupervisorError(operation: operation, reason: error)
        }
    }

    /// Connects to the supervisor that serves a directory. Call `list` then: what ended before is not told again.
    package static func connect(
        directory: String, timeout: Duration = .seconds(5), events: (@Sendable (SupervisorEvent) -> Void)? = nil
    ) throws(SupervisorError) -> SupervisorClient {
        do throws(SupervisorError.Reason) {
            let reader = try SupervisorReader.shared.get { SupervisorError.Reason.system($0) }
            let socket = try connected(directory + "/supervisor.sock")
            let client = try shakeHands(socket, timeout: timeout, events)
            do throws(SystemError) { try reader.watch(client) } catch { throw .system(error) }
            return client
        } catch {
            throw SupervisorError(operation: "connect to supervisor in \(directory)", reason: error)
        }
    }

    /// - Returns: This side of the first connection, and the process.
    private static func start(
        _ executable: SealedExecutable, _ directory: String, _ options: LaunchOptions
    ) throws(SupervisorError.Reason) -> (socket: DescriptorBox, process: DescriptorBox) {
        let arguments = ["swiftlet-supervisor", directory] + (options.oomScoreAdjust.map { ["\($0)"] } ?? [])
        do throws(SystemError) {
            let cgroup = try options.cgroup.map(openCgroup)
            let pair = try UnixSocket.pair(.packets)
            let launched = try LinuxSystem.launch(
                executable: executable.descriptor, arguments: arguments, environment: [],
                descriptors: [(from: pair.other.rawValue, to: 3)], cgroup: cgroup?.fd.rawValue)
            return (DescriptorBox(try pair.one.copied()), DescriptorBox(try launched.pidfd.copied()))
        } catch { throw .system(error) }
    }

    private static func wrapped(_ socket: DescriptorBox) throws(SupervisorError.Reason) -> SupervisorSocket {
        do throws(SystemError) { return try SupervisorSocket(try socket.fd.copied()) } catch { throw .system(error) }
    }

    /// Moving a process to a cgroup takes milliseconds, being born there takes nothing: CLONE_INTO_CGROUP wants a descriptor.
    private static func openCgroup(_ path: String) throws(SystemError) -> DescriptorBox {
        let fd = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard fd >= 0 else { throw SystemError("open cgroup \(path)", .current) }
        return DescriptorBox(OwnedFD(adopting: fd))
    }

    private static func connected(_ path: String) throws(SupervisorError.Reason) -> SupervisorSocket {
        do throws(SystemError) {
            return try SupervisorSocket(try UnixSocket.connect(path, .packets))
        } catch {
            throw error.errno == .connectionRefused || error.errno == .noSuchFile ? .gone : .system(error)
        }
    }

    /// Agrees on a version, and subscribes when somebody listens.
    private static func shakeHands(
        _ socket: consuming SupervisorSocket, timeout: Duration, _ events: (@Sendable (SupervisorEvent) -> Void)?
    ) throws(SupervisorError.Reason) -> SupervisorClient {
        let socket = socket
        let deadline = ContinuousClock.now + timeout
        do throws(SupervisorError.Reason) {
            try socket.send(.hello, HelloRequest(), requestID: 1, version: SupervisorVersion.oldest, descriptors: [])
        } catch {
            guard case .gone = error else { throw error }  // why it has ended may be there to be received
        }
        let hello: HelloReply
        do throws(SupervisorError.Reason) {
            hello = try socket.receive(before: deadline).decode(HelloReply.self, as: MessageType.hello.reply)
        } catch {
            if case .refused(let refusal) = error, refusal.kind == .unsupported { throw .incompatible(refusal.detail) }
            throw error
        }
        if events != nil {
            try socket.send(.subscribe, EmptyBody(), requestID: 2, version: hello.version, descriptors: [])
            _ = try socket.receive(before: deadline).decode(EmptyBody.self, as: MessageType.subscribe.reply)
        }
        return SupervisorClient(socket, hello: SupervisorHello(hello), onEvent: events)
    }
}

extension SupervisorSocket {
    /// Takes one packet, when it comes in time.
    fileprivate func receive(before deadline: ContinuousClock.Instant) throws(SupervisorError.Reason) -> SupervisorPacket {
        let ready: [PollEvents]
        do throws(Errno) {
            ready = try poll([(fd: socket.rawValue, events: .readable)], timeout: max(.zero, deadline - .now))
        } catch { throw .system(SystemError("wait for the supervisor", error)) }
        guard let events = ready.first, !events.isEmpty else { throw .timedOut }
        return try receive()
    }
}

extension OwnedFD {
    /// A second descriptor: members cannot be taken out of a noncopyable value.
    fileprivate func copied() throws(SystemError) -> OwnedFD {
        do throws(Errno) { return try duplicate() } catch { throw SystemError("duplicate a descriptor", error) }
    }
}

extension Result {
    fileprivate func get<Other: Error>(_ translate: (Failure) -> Other) throws(Other) -> Success {
        switch self {
        case .success(let value): return value
        case .failure(let error): throw translate(error)
        }
    }
}
