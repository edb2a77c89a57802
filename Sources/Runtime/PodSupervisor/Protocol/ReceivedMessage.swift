internal import CLinux
#if !hasFeature(Embedded)
    internal import SupervisorAPI
#endif

/// A packet that arrived: its header was right, its body is yet to be read.
struct ReceivedMessage: ~Copyable {
    let header: MessageHeader
    private(set) var body: MessageReader
    private(set) var descriptors: DescriptorList

    enum Outcome: ~Copyable {
        case message(ReceivedMessage)
        case nothing
        case closed
        /// Not a packet of this protocol: the connection is of no use.
        case malformed
    }

    /// Takes the next packet, without waiting.
    static func receive(from socket: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Outcome {
        var numbers = [Int32](repeating: -1, count: Int(SV_MAX_DESCRIPTORS))
        var count = Int32(numbers.count)
        let size = unsafe numbers.withUnsafeMutableBufferPointer { numbers in
            unsafe sv_receive(socket, buffer.baseAddress, buffer.count, numbers.baseAddress, &count)
        }
        if size == -Int(ErrorNumber.tryAgain) { return .nothing }
        if size == -Int(SV_EMSGSIZE) { return .malformed }
        guard size > 0 else { return .closed }
        let descriptors = DescriptorList(adopting: [Int32](numbers[..<Int(count)]))
        let bytes = unsafe [UInt8](UnsafeRawBufferPointer(rebasing: buffer[..<size]))
        do throws(MalformedMessage) {
            return .message(try ReceivedMessage(bytes, descriptors))
        } catch {
            return .malformed
        }
    }

    private init(_ packet: [UInt8], _ descriptors: consuming DescriptorList) throws(MalformedMessage) {
        var reader = MessageReader(packet)
        let header = try MessageHeader(from: &reader)
        var descriptors = descriptors
        guard Int(header.descriptors) == descriptors.count else { throw .wrongLength }
        if header.bodyInMemoryFile {
            guard let file = descriptors.takeFirst() else { throw .wrongLength }
            reader = MessageReader(try Self.content(of: file.number, length: Int(header.length)))
        }
        self.header = header
        self.body = reader
        self.descriptors = descriptors
    }

    /// Copies a body out of its memory file: the sender can still write to it.
    private static func content(of file: Int32, length: Int) throws(MalformedMessage) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: length)
        let count = unsafe bytes.withUnsafeMutableBytes { bytes in unsafe sv_pread(file, bytes.baseAddress, bytes.count, 0) }
        guard count == length else { throw .wrongLength }
        return bytes
    }

    mutating func decode<Body: MessageBody>(_ type: Body.Type) throws(Refusal) -> Body {
        do throws(MalformedMessage) {
            return try Body(from: &body)
        } catch {
            throw Refusal(.invalid, errorNumber: ErrorNumber.protocolError, detail: (Text("malformed request: ") + error.text).bytes)
        }
    }

    mutating func takeDescriptors() -> DescriptorList { descriptors.move() }
}

extension MalformedMessage {
    var text: StaticString {
        switch self {
        case .cut: "cut short"
        case .notAMessage: "not a message"
        case .tooLong: "a field is too long"
        case .wrongLength: "wrong length"
        case .unknownFlags: "unknown flags"
        case .badValue: "a value is out of range"
        case .badName: "not a process id"
        case .badChecksum: "wrong checksum"
        case .tooMany: "too many elements"
        }
    }
}
