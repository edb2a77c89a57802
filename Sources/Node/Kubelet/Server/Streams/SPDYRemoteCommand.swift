internal import APIMachinery
internal import HTTPServer

/// exec and attach over SPDY: a stream for each of stdin, stdout, stderr, the error and window sizes.
final class SPDYRemoteCommand: RemoteCommandClient {
    /// In the order of preference.
    static let protocols = ["v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io"]

    private let session: SPDYSession
    private let streams: [String: SPDYStream]
    private let tellsStatus: Bool
    /// Ends when the client is gone.
    private let later: AsyncStream<SPDYStream>

    private init(_ session: SPDYSession, _ streams: [String: SPDYStream], subprotocol: String, _ later: AsyncStream<SPDYStream>) {
        self.session = session
        self.streams = streams
        self.later = later
        tellsStatus = subprotocol == "v4.channel.k8s.io"
    }

    /// Waits for the client to open the streams that it has announced.
    ///
    /// - Returns: nil when it does not: it is gone, or took too long.
    static func opened(_ connection: any RawConnection, subprotocol: String, _ options: RemoteCommandOptions) async -> SPDYRemoteCommand? {
        let session = SPDYSession(connection)
        let (opened, continuation) = AsyncStream.makeStream(of: SPDYStream.self)
        Task {
            await session.run { continuation.yield($0) }
            continuation.finish()
        }
        let wanted = options.streamTypes(hasResize: subprotocol == "v4.channel.k8s.io" || subprotocol == "v3.channel.k8s.io")
        let deadline = Task {
            // Cancelled when all are there.
            if (try? await Task.sleep(for: .seconds(30))) != nil { connection.close() }
        }
        defer { deadline.cancel() }
        var streams: [String: SPDYStream] = [:]
        for await stream in opened {
            streams[stream.headers["streamtype"] ?? ""] = stream
            guard wanted.isSubset(of: streams.keys) else { continue }
            return SPDYRemoteCommand(session, streams, subprotocol: subprotocol, opened)
        }
        return nil
    }

    func run(_ handle: @escaping @Sendable (RemoteInput) async -> Void) async {
        await withDiscardingTaskGroup { group in
            if let stdin = streams["stdin"] {
                group.addTask {
                    while let bytes = await stdin.read() { await handle(.stdin(bytes)) }
                    await handle(.stdinEnd)
                }
            }
            if let resize = streams["resize"] {
                group.addTask {
                    var sizes = TerminalSizeDecoder()
                    while let bytes = await resize.read() { for size in sizes.append(bytes) { await handle(.resize(size)) } }
                }
            }
            for await stream in later { await stream.reset() }
        }
    }

    func write(_ bytes: [UInt8], to output: RemoteOutput) async throws {
        try await streams[output == .stdout ? "stdout" : "stderr"]?.write(bytes)
    }

    func finish(_ outcome: RemoteOutcome) async {
        for name in ["stdout", "stderr"] { await streams[name]?.finish() }
        let text = tellsStatus ? JSONValue.object(outcome.json).serialized() : Array(outcome.text.utf8)
        if !text.isEmpty { try? await streams["error"]?.write(text) }
        for name in ["error", "resize", "stdin"] { await streams[name]?.finish() }
        await session.sendGoAway()
    }

    func close() { session.close() }
}

/// What a client of exec or attach asks for, by the query of the node agent: `input=1&output=1&error=1&tty=1&command=ls`.
struct RemoteCommandOptions: Hashable, Sendable {
    var command: [String]
    var stdin: Bool
    var stdout: Bool
    var stderr: Bool
    var tty: Bool

    /// - Throws: 400 when no stream is asked for.
    init(_ request: APIRequest) throws(KubeletRefusal) {
        func flag(_ name: String) -> Bool { request.parameter(name) == "1" }
        command = request.query.filter { $0.name == "command" }.map(\.value)
        stdin = flag("input")
        stdout = flag("output")
        tty = flag("tty")
        // A terminal has one output.
        stderr = flag("error") && !tty
        guard stdin || stdout || flag("error") else { throw KubeletRefusal(400, "you must specify at least 1 of stdin, stdout, stderr") }
    }

    func streamTypes(hasResize: Bool) -> Set<String> {
        var types: Set<String> = ["error"]
        if stdin { types.insert("stdin") }
        if stdout { types.insert("stdout") }
        if stderr { types.insert("stderr") }
        if tty, hasResize { types.insert("resize") }
        return types
    }
}
