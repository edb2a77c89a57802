internal import APIMachinery
internal import CRI

/// What a client of exec or attach sends.
enum RemoteInput: Hashable, Sendable {
    case stdin([UInt8])
    case stdinEnd
    case resize(TerminalSize)
}

enum RemoteOutput: UInt8, Hashable, Sendable { case stdout = 1, stderr = 2 }

/// How a command ended, for its client.
enum RemoteOutcome: Hashable, Sendable {
    case success
    case exit(Int32)
    case failure(String)

    /// metav1.Status, as protocols from version 4 on carry it.
    var json: JSONObject {
        switch self {
        case .success: ["metadata": .object(JSONObject()), "status": "Success"]
        case .exit(let code):
            [
                "metadata": .object(JSONObject()), "status": "Failure",
                "message": .string("command terminated with non-zero exit code: \(Self.text(code))"), "reason": "NonZeroExitCode",
                "details": ["causes": [["reason": "ExitCode", "message": .string("\(code)")]]],
            ]
        case .failure(let message):
            [
                "metadata": .object(JSONObject()), "status": "Failure", "message": .string("Internal error occurred: \(message)"),
                "reason": "InternalError", "details": ["causes": [["message": .string(message)]]], "code": 500,
            ]
        }
    }

    /// What older protocols say; empty for success.
    var text: String {
        switch self {
        case .success: ""
        case .exit(let code): "command terminated with non-zero exit code: \(Self.text(code))"
        case .failure(let message): message
        }
    }

    private static func text(_ code: Int32) -> String { "command terminated with exit code \(code)" }
}

/// A client of exec or attach, whichever protocol it speaks.
protocol RemoteCommandClient: Sendable {
    /// Hands on what comes until the client is gone. The next input of a kind is not read before the last one was taken.
    func run(_ handle: @escaping @Sendable (RemoteInput) async -> Void) async
    func write(_ bytes: [UInt8], to output: RemoteOutput) async throws
    /// Tells how it ended, after all output. The client is expected to go then.
    func finish(_ outcome: RemoteOutcome) async
    func close()
}

/// Window sizes as clients send them: `{"Width":80,"Height":24}`, one JSON value behind the other.
struct TerminalSizeDecoder: Sendable {
    private var unfinished: [UInt8] = []

    mutating func append(_ bytes: [UInt8]) -> [TerminalSize] {
        unfinished += bytes
        var sizes: [TerminalSize] = []
        while let end = unfinished.firstIndex(of: UInt8(ascii: "}")) {
            let value = try? JSONValue(parsing: Array(unfinished[...end].drop { $0 <= 0x20 }))
            unfinished.removeFirst(end + 1)
            guard let width = value?["Width"]?.integerValue.flatMap({ UInt16(exactly: $0) }),
                let height = value?["Height"]?.integerValue.flatMap({ UInt16(exactly: $0) })
            else { continue }
            sizes.append(TerminalSize(rows: height, columns: width))
        }
        // Nobody has a window of so many digits.
        if unfinished.count > 1024 { unfinished = [] }
        return sizes
    }
}
