internal import CLinux
#if !hasFeature(Embedded)
    internal import SupervisorAPI
#endif

/// One client. Packets that it does not take at once wait here, up to a limit; beyond it the client is let go and may
/// come again: it learns what it missed from `list`.
final class Connection {
    private static let queueLimitBytes = 1 << 20
    private static let queueLimitPackets = 1024

    /// Never used twice.
    let serial: UInt64
    private let socket: Descriptor
    private(set) var isClosed = false
    /// The agreed version; 0 before hello.
    var version: UInt16 = 0
    var isSubscribed = false
    private var queue: [QueuedPacket] = []
    private var queuedBytes = 0

    init(_ socket: consuming Descriptor, serial: UInt64) {
        self.socket = consume socket
        self.serial = serial
    }

    var number: Int32 { socket.number }
    var hasQueue: Bool { !queue.isEmpty }

    func receive(_ buffers: LogBuffers) -> ReceivedMessage.Outcome {
        unsafe ReceivedMessage.receive(from: socket.number, buffers.input)
    }

    func send<Body: MessageBody>(
        _ type: MessageType, _ body: Body, requestID: UInt32 = 0, descriptors: consuming DescriptorList = DescriptorList(adopting: [])
    ) {
        guard !isClosed else { return }
        let packet = Packet(type, body, requestID: requestID, version: max(version, 1), descriptors: descriptors)
        guard queue.isEmpty else { return enqueue(packet) }
        switch packet.send(to: socket.number) {
        case 0: return
        case -ErrorNumber.tryAgain: enqueue(packet)
        default: close()
        }
    }

    /// Sends what waits, as far as the client takes it.
    func flush() {
        while let first = queue.first {
            let result = first.packet.send(to: socket.number)
            if result == -ErrorNumber.tryAgain { return }
            if result != 0 { return close() }
            queuedBytes -= first.packet.size
            queue.removeFirst()
        }
    }

    func close() {
        isClosed = true
        queue = []
    }

    private func enqueue(_ packet: consuming Packet) {
        queuedBytes += packet.size
        queue.append(QueuedPacket(packet))
        if queuedBytes > Self.queueLimitBytes || queue.count > Self.queueLimitPackets { close() }
    }
}

/// A packet in a queue; arrays hold no noncopyable values.
private final class QueuedPacket {
    let packet: Packet
    init(_ packet: consuming Packet) { self.packet = consume packet }
}
