internal import APIMachinery
internal import NIOCore
internal import NIOSSL
import Synchronization

/// What all connections of a server share.
final class ServerShared: Sendable {
    let configuration: HTTPServerConfiguration
    let handler: HTTPRequestHandler
    let connections: ConnectionRegistry
    /// Bytes of bodies that are being received.
    let bodyBytesInTransit = Atomic<Int>(0)
    /// Bytes of streams that wait for their readers.
    let streamBacklogBytes = Atomic<Int>(0)
    let date = DateHeader()
    private let context: Mutex<NIOSSLContext?>
    private let turns = Mutex<[ObjectIdentifier: StreamTurn]>([:])

    init(_ configuration: HTTPServerConfiguration, handler: @escaping HTTPRequestHandler) throws {
        self.configuration = configuration
        self.handler = handler
        connections = ConnectionRegistry(countMax: configuration.limits.connections)
        do {
            context = Mutex(try configuration.tls?.makeContext())
        } catch {
            throw HTTPServerError(operation: "read the server's certificate and key", cause: error)
        }
    }

    func turn(of eventLoop: any EventLoop) -> StreamTurn {
        turns.withLock { turns in
            let loop = ObjectIdentifier(eventLoop)
            if let turn = turns[loop] { return turn }
            let turn = StreamTurn(eventLoop)
            turns[loop] = turn
            return turn
        }
    }

    var tlsContext: NIOSSLContext? { context.withLock { $0 } }

    func replace(_ identity: TLSIdentity) throws {
        let new = try identity.makeContext()
        context.withLock { $0 = new }
    }
}

/// The connections that are open.
final class ConnectionRegistry: Sendable {
    fileprivate struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isDraining = false
        var whenEmpty: [CheckedContinuation<Void, Never>] = []
    }
    private let state = Mutex(State())
    private let countMax: Int

    init(countMax: Int) { self.countMax = countMax }

    var count: Int { state.withLock { $0.channels.count } }

    /// - Returns: false when there are too many already, or the server is going down.
    func add(_ channel: any Channel) -> Bool {
        state.withLock {
            guard !$0.isDraining, $0.channels.count < countMax else { return false }
            $0.channels[ObjectIdentifier(channel)] = channel
            return true
        }
    }

    func remove(_ channel: any Channel) {
        let waiters = state.withLock {
            $0.channels[ObjectIdentifier(channel)] = nil
            return $0.takeWaitersIfEmpty()
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Tells every connection to end when it can; no more are accepted.
    func drain() {
        let channels = state.withLock {
            $0.isDraining = true
            return Array($0.channels.values)
        }
        for channel in channels { channel.pipeline.fireUserInboundEventTriggered(ServerIsDraining()) }
    }

    func waitUntilEmpty(for limit: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await Task.sleep(for: limit) }
            group.addTask { await self.waitUntilEmpty() }
            await group.next()
            group.cancelAll()
            releaseWaiters()
        }
    }

    func closeAll() {
        for channel in state.withLock({ Array($0.channels.values) }) { channel.close(mode: .all, promise: nil) }
    }

    private func waitUntilEmpty() async {
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLock {
                if $0.channels.isEmpty { return true }
                $0.whenEmpty.append(continuation)
                return false
            }
            if isEmpty { continuation.resume() }
        }
    }

    private func releaseWaiters() {
        let waiters = state.withLock {
            let waiters = $0.whenEmpty
            $0.whenEmpty = []
            return waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}

extension ConnectionRegistry.State {
    fileprivate mutating func takeWaitersIfEmpty() -> [CheckedContinuation<Void, Never>] {
        guard channels.isEmpty else { return [] }
        defer { whenEmpty = [] }
        return whenEmpty
    }
}

/// Goes through a connection's handlers when the server shuts down.
struct ServerIsDraining: Sendable {}
