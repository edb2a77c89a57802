internal import Glibc
internal import LinuxSystem
import Synchronization

/// The first three descriptors of a command without a terminal of its own: the caller's, so that no byte is copied.
///
/// But never the caller's terminal: what the command leaves running would go on reading the keys that are meant for the next program. Where
/// one stands, the command gets a pipe.
final class ExecStreams: Sendable {
    /// stdin, stdout, stderr for the command, valid until `handOver`.
    let descriptors: [CInt]
    private let relays: [TerminalRelay]
    private let null: OwnedFD

    /// - Parameter passesStdin: Else it is /dev/null.
    init(passesStdin: Bool) throws {
        let number = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { throw SystemError("open /dev/null", .current) }
        null = OwnedFD(adopting: number)
        var descriptors: [CInt] = [passesStdin ? 0 : number, 1, 2]
        var relays: [TerminalRelay] = []
        for index in descriptors.indices where isatty(descriptors[index]) == 1 {
            let relay = try TerminalRelay(terminal: CInt(index), isInput: index == 0)
            descriptors[index] = relay.number
            relays.append(relay)
        }
        self.descriptors = descriptors
        self.relays = relays
    }

    /// Call it when the command has its descriptors.
    func handOver() throws { for relay in relays { try relay.start() } }

    /// Waits a moment for the last output. What the command has left running may hold the pipe for ever.
    func finish() {
        let deadline = ContinuousClock.now + .milliseconds(500)
        while relays.contains(where: { !$0.hasEnded }), ContinuousClock.now < deadline { usleep(1_000) }
    }
}

/// A pipe between a terminal of this program's and a command, and the thread that copies what comes.
private final class TerminalRelay: Sendable {
    /// The command's end.
    let number: CInt
    private let own: CInt
    private let terminal: CInt
    private let isInput: Bool
    private let isDone = Mutex(false)

    init(terminal: CInt, isInput: Bool) throws {
        var ends: [CInt] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw SystemError("make a pipe", .current) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        number = isInput ? ends[0] : ends[1]
        own = isInput ? ends[1] : ends[0]
        self.terminal = terminal
        self.isInput = isInput
    }

    /// All output has been copied. Nobody waits for more keys.
    var hasEnded: Bool { isInput || isDone.withLock { $0 } }

    /// Lets go of the command's end, and copies until it is closed everywhere, or there are no more keys.
    func start() throws {
        close(number)
        try startThread { [self] in
            copy()
            close(own)
            isDone.withLock { $0 = true }
        }
    }

    private func copy() {
        let (source, target) = isInput ? (terminal, own) : (own, terminal)
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = unsafe read(source, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return }
            Output.write(Array(buffer[..<count]), to: target)
        }
    }
}
