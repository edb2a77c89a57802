import Glibc
import LinuxSystem
import Netlink
import NetworkTesting
import PodNetwork
import Synchronization

/// Bytes per second from one pod to another, beside two namespaces with nothing but a veth pair between them.
struct PodBench {
    private let rounds = 8

    func run() throws {
        var (pods, bare): ([Double], [Double]) = ([], [])
        _ = try NetworkScene.run(podCIDR: "10.99.0.0/24") { scene in
            let (sender, receiver) = (try scene.pod("sender"), try scene.pod("receiver"))
            let wire = try BareWire()
            for round in 0..<rounds {
                let port = UInt16(7000 + round)
                pods.append(
                    try Stream(port: port, to: receiver.address).rate(send: { try sender.inside($0) }, receive: { try receiver.inside($0) })
                )
                bare.append(try Stream(port: port, to: BareWire.receiver).rate(send: wire.inSender, receive: wire.inReceiver))
            }
        }
        report("pods.throughput", pods)
        report("pods.bare", bare)
    }
}

/// The least that two namespaces need.
private final class BareWire {
    static let receiver = IPAddress(v4: 0xC612_0002)  // 198.18.0.2
    private let sending: OwnedFD
    private let receiving: OwnedFD

    init() throws {
        var near = try NetworkNamespace.create()
        var far = try NetworkNamespace.create()
        guard let own = IPPrefix(IPAddress(v4: 0xC612_0001), length: 24), let other = IPPrefix(Self.receiver, length: 24) else {
            preconditionFailure("24 is at most 32")
        }
        let ends = try near.socket.addVeth(LinkSettings(name: "wire0", isUp: true), peer: LinkSettings(name: "wire0"), in: far.descriptor)
        try near.socket.perform([.addAddress(own, toLink: ends.index)])
        try far.socket.perform([.setLink(.index(ends.peerIndex), LinkSettings(isUp: true)), .addAddress(other, toLink: ends.peerIndex)])
        sending = near.intoDescriptor()
        receiving = far.intoDescriptor()
    }

    func inSender(_ body: () throws -> TestSocket) throws -> TestSocket { try NetworkNamespace.run(in: sending, body) }
    func inReceiver(_ body: () throws -> TestSocket) throws -> TestSocket { try NetworkNamespace.run(in: receiving, body) }
}

/// One TCP connection that is written to for half a second.
private struct Stream {
    let port: UInt16
    let to: IPAddress

    typealias Place = (() throws -> TestSocket) throws -> TestSocket

    /// Megabytes per second, as the receiver counts them.
    func rate(send: Place, receive: Place) throws -> Double {
        let listener = try receive { try TestSocket.listening(port) }
        let client = try send {
            let socket = try TestSocket(isStream: true)
            socket.connect(to, port)
            return socket
        }
        guard blockUntil({ listener.hasConnection }), let taken = listener.accept() else { throw NoConnection() }
        for socket in [client, taken] { _ = fcntl(socket.descriptor.rawValue, F_SETFL, 0) }
        let descriptor = client.descriptor.rawValue
        let isOver = Over()
        pthread_t.start {
            let bytes = [UInt8](repeating: 7, count: 128 << 10)
            while !isOver.flag.load(ordering: .relaxed), Glibc.send(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL)) > 0 {}
            shutdown(descriptor, CInt(SHUT_WR))
            isOver.ended.store(true, ordering: .releasing)
        }
        let count = Self.read(taken.descriptor.rawValue, for: .milliseconds(500))
        isOver.flag.store(true, ordering: .relaxed)
        Self.drain(taken.descriptor.rawValue)
        _ = blockUntil { isOver.ended.load(ordering: .acquiring) }
        return count / 0.5 / 1e6
    }
    private struct NoConnection: Error {}
    private final class Over: Sendable {
        let flag = Atomic<Bool>(false)
        let ended = Atomic<Bool>(false)
    }

    private static func read(_ descriptor: CInt, for span: Duration) -> Double {
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        var count = 0.0
        let end = ContinuousClock.now + span
        while ContinuousClock.now < end {
            let got = recv(descriptor, &buffer, buffer.count, 0)
            guard got > 0 else { break }
            count += Double(got)
        }
        return count
    }

    private static func drain(_ descriptor: CInt) {
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        while recv(descriptor, &buffer, buffer.count, 0) > 0 {}
    }
}
