internal import CLinux
#if !hasFeature(Embedded)
    internal import SupervisorAPI
#endif

/// A message to send, complete.
struct Packet: ~Copyable {
    private let bytes: [UInt8]
    private let descriptors: DescriptorList
    var size: Int { bytes.count }

    /// - Parameter descriptors: Owned by the packet from now on.
    init<Body: MessageBody>(
        _ type: MessageType, _ body: Body, requestID: UInt32, version: UInt16,
        descriptors: consuming DescriptorList = DescriptorList(adopting: [])
    ) {
        let content = MessageWriter.body(body)
        var header = MessageHeader(
            version: version, type: type, requestID: requestID, length: UInt32(content.count), descriptors: UInt16(descriptors.count))
        if content.count > MessageHeader.inlineBodyLimit,
            case let file = unsafe content.withUnsafeBytes({ bytes in unsafe sv_memory_file("message", bytes.baseAddress, bytes.count) }),
            file >= 0
        {
            var all = DescriptorList(adopting: [file])
            var rest = descriptors
            while let next = rest.takeFirst() { all.append(next) }
            header.bodyInMemoryFile = true
            header.descriptors += 1
            bytes = header.encoded()
            self.descriptors = all
        } else {
            bytes = header.encoded() + content
            self.descriptors = descriptors
        }
    }

    /// 0, or a negative errno; -EAGAIN when the peer has too much unread.
    func send(to socket: Int32) -> Int32 {
        let numbers = descriptors.numbers
        let count = unsafe bytes.withUnsafeBytes { bytes in
            unsafe numbers.withUnsafeBufferPointer { numbers in
                unsafe sv_send(socket, bytes.baseAddress, bytes.count, nil, 0, numbers.baseAddress, Int32(numbers.count))
            }
        }
        return count < 0 ? Int32(count) : 0
    }
}
