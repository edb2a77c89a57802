internal import APIMachinery
internal import Glibc
internal import LinuxSystem

/// Questions to a running control plane, by a socket in the run directory that only its user may open.
///
/// A question is one packet of text, the answer one packet of JSON; then the connection ends.
final class ControlSocket: Sendable {
    private static func path(_ runDirectory: String) -> String { "\(runDirectory)/server.sock" }

    private let listener: DescriptorBox
    private let path: String

    private init(listener: DescriptorBox, path: String) {
        self.listener = listener
        self.path = path
    }

    /// Answers from now on.
    static func serve(runDirectory: String, _ answer: @escaping @Sendable (ControlQuestion) async -> JSONValue) throws -> ControlSocket {
        let path = path(runDirectory)
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

    private static func next(_ listener: DescriptorBox) -> DescriptorBox? {
        do { return DescriptorBox(try listener.fd.acceptConnection()) } catch { return nil }
    }

    private static func take(_ connection: DescriptorBox, _ answer: @escaping @Sendable (ControlQuestion) async -> JSONValue) {
        guard let message = try? connection.fd.receive(upTo: 65536), !message.bytes.isEmpty else { return }
        let question = ControlQuestion(text: String(decoding: message.bytes, as: UTF8.self))
        Task {
            let reply = if let question { await answer(question) } else { ControlAnswers.failure("unknown question") }
            try? connection.fd.send(reply.serialized())
        }
    }

    func close() {
        shutdown(listener.fd.rawValue, CInt(SHUT_RDWR))
        _ = try? Files.remove(path)
    }

    /// Asks the control plane of a run directory.
    ///
    /// - Returns: nil when nobody answers there.
    /// - Throws: `Refusal` with what the control plane says, when it cannot.
    static func ask(_ question: ControlQuestion, runDirectory: String) throws -> JSONValue? {
        guard let connection = try connect(path(runDirectory)) else { return nil }
        try connection.fd.send(Array(question.text.utf8))
        let answer = try connection.fd.receive(upTo: 1 << 20)
        guard !answer.bytes.isEmpty else { return nil }
        let json = try JSONValue(parsing: answer.bytes)
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

    init?(text: String) {
        if text == "status" {
            self = .status
        } else if text.hasPrefix("snapshot /") {
            self = .snapshot(String(text.dropFirst("snapshot ".count)))
        } else {
            return nil
        }
    }

    var text: String {
        switch self {
        case .status: "status"
        case .snapshot(let path): "snapshot \(path)"
        }
    }
}
