internal import CLinux
#if !hasFeature(Embedded)
    internal import SupervisorAPI
#endif

/// The supervisor of one pod: starts its processes, owns their output, waits for them, and keeps their namespaces.
///
/// One thread around one poll(2). Everything it knows is in this object; nothing in it waits, but for the disk.
package final class Supervisor {
    let configuration: SupervisorConfiguration
    let startedAtNanoseconds = WallClock.now()
    let buffers = LogBuffers()
    let records: ExitRecords
    var namespaces = HeldNamespaces()
    var processes = ProcessTable()
    var connections: [Connection] = []
    var shutdown: Shutdown?
    private let directory: Descriptor
    private let listener: Listener
    private let signals: Descriptor
    private var nextSerial: UInt64 = 1
    private var pollSet = PollSet()
    private(set) var isFinished = false

    /// Takes its place: session, signals, directory, socket.
    init(_ configuration: SupervisorConfiguration) throws(StartFailure) {
        self.configuration = configuration
        var step = Text("ignore signals")
        do {
            signals = try SystemFailure.descriptor(sv_signals())
            step = Text("become a subreaper")
            _ = try SystemFailure.check(sv_become_subreaper())
            _ = sv_new_session()  // refused to a session leader: it has its own then
            step = Text("open directory ") + configuration.directory.bytes
            directory = try Files.openDirectory(configuration.directory)
            step = Text("make directory exits in ") + configuration.directory.bytes
            records = try ExitRecords(in: configuration.directory)
            step = Text("listen on ") + configuration.directory.bytes + "/" + Listener.name.bytes
            listener = try Listener(in: directory)
            _ = unsafe Text("/").withCString { path in unsafe sv_change_directory(path) }
        } catch {
            throw StartFailure(operation: step, errorNumber: error.number)
        }
    }

    func adopt(_ socket: consuming Descriptor) {
        connections.append(Connection(socket, serial: nextSerial))
        nextSerial += 1
    }

    /// Works until it is shut down.
    func run() {
        while !isFinished { turn() }
    }

    /// Waits for something to happen, and deals with all of it.
    func turn() {
        collectDescriptors()
        for ready in pollSet.wait(until: nextDeadline) { handle(ready.source, ready.events) }
        let now = Instant.now()
        actOnDeadlines(at: now)
        removeClosedConnections()
        finishShutdown(at: now)
    }

    private func collectDescriptors() {
        pollSet.removeAll()
        pollSet.add(signals.number, .signals)
        pollSet.add(listener.number, .listener)
        for connection in connections {
            pollSet.add(connection.number, writing: connection.hasQueue, .connection(connection))
        }
        for process in processes.all {
            if let number = process.pidfdNumber { pollSet.add(number, .exit) }
            for output in process.outputs {
                if let number = output.waitNumber { pollSet.add(number, .output(process, output)) }
                for client in output.clients {  // only to see it go
                    pollSet.add(client.socket.number, reading: false, .outputClient(output, client))
                }
            }
            if let stdin = process.stdin { collect(stdin) }
        }
    }

    private func collect(_ stdin: StdinPipe) {
        if let number = stdin.sinkWaitNumber { pollSet.add(number, reading: false, writing: true, .stdinSink(stdin)) }
        // Left out while bytes wait: one that is gone would be reported in each round, before its last bytes are wanted.
        for client in stdin.clients where stdin.readsClients { pollSet.add(client.socket.number, .stdinClient(stdin, client)) }
    }

    private func handle(_ source: PollSource, _ events: Int16) {
        switch source {
        case .signals: takeSignals()
        case .listener: acceptClients()
        case .connection(let connection): serve(connection, events)
        case .exit: reap()
        case .output(let process, let output): pump(process, output)
        case .outputClient(let output, let client): output.remove(client)
        case .stdinSink(let stdin): stdin.flush()
        case .stdinClient(let stdin, let client): stdin.receive(from: client)
        }
    }

    private func takeSignals() {
        while true {
            switch sv_next_signal(signals.number) {
            case 0: return reap()
            case 15: beginShutdown(Shutdown(force: true, reply: nil, deadline: Instant.now() + Shutdown.limit))
            default: continue  // SIGCHLD
            }
        }
    }

    private func acceptClients() {
        while let client = listener.accept(uid: configuration.uid) { adopt(client) }
    }

    private func pump(_ process: ManagedProcess, _ output: OutputStream) {
        let now = Instant.now()
        if output.pump(buffers, at: now) == .ended { process.closeEnded() }
        announceLogNews(of: process)
    }

    private func removeClosedConnections() {
        guard connections.contains(where: { connection in connection.isClosed }) else { return }
        let closed = connections.filter { connection in connection.isClosed }
        connections.removeAll { connection in connection.isClosed }
        for connection in closed { forgetWaits(of: connection) }
    }

    /// Ends the loop and takes the socket away.
    func finish() {
        do throws(SystemFailure) { try Files.remove(Listener.name, in: directory.number) } catch { _ = error }
        isFinished = true
    }
}

/// What the supervisor is told at its start.
struct SupervisorConfiguration {
    /// Holds the socket and the exit records; its last component is the sandbox's id. Absolute.
    var directory: Text
    /// Who may connect.
    var uid: Int64
    /// The value in force.
    var oomScoreAdjust: Int32
}

struct StartFailure: Error {
    var operation: Text
    var errorNumber: Int32
}
