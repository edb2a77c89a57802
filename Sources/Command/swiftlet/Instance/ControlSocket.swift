internal import APIMachinery
internal import Glibc
internal import LinuxSystem

/// Questions to a running daemon, by a socket in the run directory that only its user may open.
///
/// A question is one packet of text, the answer JSON in as many packets as it takes; then the connection ends.
final class ControlSocket: Sendable {
    /// Which daemon: the control plane, with or without an agent in it, or an agent alone.
    enum Role: String { case server, agent }

    /// A packet is sent whole or not at all, and the kernel takes no larger ones than its send buffer.
    private static let packetBytes = 32_768
    private static let answerBytesMax = 16 << 20

    private static func path(_ role: Role, _ runDirectory: String) -> String { "\(runDirectory)/\(role.rawValue).sock" }

    private let listener: DescriptorBox
    private let path: String

    private init(listener: DescriptorBox, path: String) {
        self.listener = listener
        self.path = path
    }

    /// Answers from now on.
    static func serve(
        _ role: Role, runDirectory: String, _ answer: @escaping @Sendable (ControlQuestion) async -> JSONValue
    ) throws -> ControlSocket {
        let path = path(role, runDirectory)
        let listener = DescriptorBox(try UnixSocket.listen(path, .packets))
        try startThread {
            // Ends when the listener is shut down.
            while let connection = next(listener) {
                // One that never asks holds up nobody else.
                try? startThread { Self.take(connection, answer) }
            }
        }
        return ControlSocket(listener: listener, path: path)
    }

    /// - Returns: nil when the listener is shut down.
    private static func next(_ listener: DescriptorBox) -> DescriptorBox? {
        while true {
            do { return DescriptorBox(try listener.fd.acceptConnection()) } catch {
                if [Errno.invalidArgument, .badDescriptor].contains(error) { return nil }
                // Too many open files, or who asked has gone: that passes, and must not silence the socket for good.
                usleep(100_000)
            }
        }
    }

    private static func take(_ connection: DescriptorBox, _ answer: @escaping @Sendable (ControlQuestion) async -> JSONValue) {
        guard let message = try? connection.fd.receive(upTo: 65536), !message.bytes.isEmpty else { return }
        let question = ControlQuestion(text: String(decoding: message.bytes, as: UTF8.self))
        Task {
            let reply = if let question { await answer(question) } else { ControlAnswers.failure("unknown question") }
            // A thread of its own again: who reads slowly must not hold one that others' tasks run on.
            try? startThread { send(reply.serialized(), to: connection) }
        }
    }

    private static func send(_ bytes: [UInt8], to connection: DescriptorBox) {
        var rest = bytes[...]
        while !rest.isEmpty {
            // Who does not read any more gets no more.
            guard (try? connection.fd.send(Array(rest.prefix(packetBytes)))) != nil else { return }
            rest = rest.dropFirst(packetBytes)
        }
    }

    func close() {
        shutdown(listener.fd.rawValue, CInt(SHUT_RDWR))
        _ = try? Files.remove(path)
    }

    /// Asks a daemon of a run directory.
    ///
    /// - Returns: nil when nobody answers there.
    /// - Throws: `Refusal` with what the daemon says, when it cannot.
    static func ask(_ question: ControlQuestion, of role: Role = .server, runDirectory: String) throws -> JSONValue? {
        guard let connection = try connect(path(role, runDirectory)) else { return nil }
        try connection.fd.send(Array(question.text.utf8))
        var answer: [UInt8] = []
        while answer.count < answerBytesMax {
            let packet = try connection.fd.receive(upTo: packetBytes).bytes
            if packet.isEmpty { break }
            answer += packet
        }
        guard !answer.isEmpty else { return nil }
        let json = try JSONValue(parsing: answer)
        if let failure = json["error"]?.stringValue { throw Refusal(failure) }
        return json
    }

    private static func connect(_ path: String) throws -> DescriptorBox? {
        do {
            return DescriptorBox(try UnixSocket.connect(path, .packets))
        } catch  where [.noSuchFile, .connectionRefused].contains(error.errno) {
            return nil
        }
    }
}

/// What can be asked.
enum ControlQuestion: Equatable {
    case status
    /// Save a snapshot to this path, which is absolute.
    case snapshot(String)
    /// What is known of a pod beside its API objects.
    case pod(namespace: String, name: String)

    init?(text: String) {
        if text == "status" {
            self = .status
        } else if text.hasPrefix("snapshot /") {
            self = .snapshot(String(text.dropFirst("snapshot ".count)))
        } else if text.hasPrefix("pod ") {
            let words = text.split(separator: " ")
            guard words.count == 3 else { return nil }
            self = .pod(namespace: String(words[1]), name: String(words[2]))
        } else {
            return nil
        }
    }

    var text: String {
        switch self {
        case .status: "status"
        case .snapshot(let path): "snapshot \(path)"
        case .pod(let namespace, let name): "pod \(namespace) \(name)"
        }
    }
}
