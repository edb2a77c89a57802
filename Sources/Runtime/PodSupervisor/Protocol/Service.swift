internal import CLinux
#if !hasFeature(Embedded)
    internal import SupervisorAPI
#endif

/// From a ready connection to the answered request.
extension Supervisor {
    /// Packets taken from one connection before the others have their turn.
    private static let packetsPerTurn = 32

    func serve(_ connection: Connection, _ events: Int16) {
        if events & Int16(SV_POLLOUT) != 0 { connection.flush() }
        for _ in 0..<Self.packetsPerTurn where !connection.isClosed {
            buffers.use(at: Instant.now())
            switch connection.receive(buffers) {
            case .nothing: return
            case .closed: return connection.close()
            case .message(let message): answer(message, on: connection)
            case .malformed:
                connection.send(
                    .refusal,
                    Refusal(
                        .invalid, errorNumber: ErrorNumber.protocolError, detail: Text("not a packet of the supervisor's protocol").bytes))
                return connection.close()
            }
        }
    }

    private func answer(_ message: consuming ReceivedMessage, on connection: Connection) {
        let requestID = message.header.requestID
        do throws(Refusal) {
            var request = Request(message: message, connection: connection)
            try handle(&request)
        } catch {
            connection.send(.refusal, error, requestID: requestID)
        }
    }

    private func handle(_ request: inout Request) throws(Refusal) {
        if request.type == .hello { return try hello(&request) }
        guard request.connection.version > 0 else {
            throw Refusal(.invalid, errorNumber: ErrorNumber.protocolError, detail: Text("a request before hello").bytes)
        }
        switch request.type {
        case .createNamespaces: try createNamespaces(&request)
        case .namespaces: replyNamespaces(to: request)
        case .startProcess: try startProcess(&request)
        case .signal: try signal(&request)
        case .killAll: try killAll(&request)
        case .list: list(request)
        case .wait: try wait(&request)
        case .subscribe: subscribe(request)
        case .attach: try attach(&request)
        case .resize: try resize(&request)
        case .closeStdin: try closeStdin(&request)
        case .reopenLog: try reopenLog(&request)
        case .setLogPolicy: try setLogPolicy(&request)
        case .remove: try remove(&request)
        case .shutdown: try shutdown(&request)
        default:
            throw Refusal(
                .unsupported, errorNumber: ErrorNumber.notSupported,
                detail: (Text("request type ") + UInt64(request.type.rawValue)).bytes)
        }
    }
}

/// A request being handled, and the way to its client.
struct Request: ~Copyable {
    var message: ReceivedMessage
    let connection: Connection

    var type: MessageType { message.header.type }
    var requestID: UInt32 { message.header.requestID }
    var waiter: ManagedProcess.Waiter { ManagedProcess.Waiter(connection: connection.serial, requestID: requestID) }

    func reply<Body: MessageBody>(_ body: Body, descriptors: consuming DescriptorList = DescriptorList(adopting: [])) {
        connection.send(type.reply, body, requestID: requestID, descriptors: descriptors)
    }

    func reply() { reply(EmptyBody()) }
}
