internal import Glibc
internal import LinuxSystem
internal import SupervisorAPI

/// One connection to a supervisor: packets out, packets in.
struct SupervisorSocket: ~Copyable, Sendable {
    private static let descriptorsPerPacket = 16
    /// A supervisor that takes no packet for so long hangs.
    private static let sendLimitSeconds = 10

    let socket: OwnedFD

    init(_ socket: consuming OwnedFD) throws(SystemError) {
        var limit = timeval(tv_sec: Self.sendLimitSeconds, tv_usec: 0)
        guard unsafe setsockopt(socket.rawValue, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size)) == 0 else {
            throw SystemError("limit the time of sending to the supervisor", .current)
        }
        self.socket = socket
    }

    /// - Parameter descriptors: Stay the caller's.
    func send<Body: MessageBody>(
        _ type: MessageType, _ body: Body, requestID: UInt32, version: UInt16, descriptors: [CInt]
    ) throws(SupervisorError.Reason) {
        let content = MessageWriter.body(body)
        var header = MessageHeader(
            version: version, type: type, requestID: requestID, length: UInt32(content.count), descriptors: UInt16(descriptors.count))
        do throws(SystemError) {
            guard content.count > MessageHeader.inlineBodyLimit else { return try send(header.encoded() + content, descriptors) }
            let file = try MemoryFile.make(content, name: "swiftlet-message")
            header.bodyInMemoryFile = true
            header.descriptors += 1
            try send(header.encoded(), [file.rawValue] + descriptors)
        } catch {
            throw error.errno == Errno(rawValue: EPIPE) || error.errno == Errno(rawValue: ECONNRESET)
                ? .gone : error.errno == .wouldBlock ? .timedOut : .system(error)
        }
    }

    private func send(_ packet: [UInt8], _ descriptors: [CInt]) throws(SystemError) {
        do throws(Errno) { try socket.send(packet, descriptors: descriptors) } catch { throw SystemError("send", error) }
    }

    /// Takes one packet, waiting for it. `.gone` when there comes none any more.
    func receive() throws(SupervisorError.Reason) -> SupervisorPacket {
        let message: SocketMessage
        do throws(Errno) { message = try receiveOnce(waits: true) } catch { throw .system(SystemError("receive", error)) }
        return try Self.packet(message)
    }

    /// Takes one packet that is there.
    ///
    /// - Returns: nil when there is none.
    func receiveIfThere() throws(SupervisorError.Reason) -> SupervisorPacket? {
        let message: SocketMessage
        do throws(Errno) {
            message = try receiveOnce(waits: false)
        } catch {
            if error == .wouldBlock { return nil }
            throw .system(SystemError("receive", error))
        }
        return try Self.packet(message)
    }

    private static func packet(_ message: consuming SocketMessage) throws(SupervisorError.Reason) -> SupervisorPacket {
        if message.bytes.isEmpty { throw .gone }
        if message.isTruncated { throw .malformed }
        do throws(MalformedMessage) {
            return try SupervisorPacket(message.bytes, message.descriptors)
        } catch {
            throw .malformed
        }
    }
}

extension SupervisorSocket {
    /// A supervisor that ended before it had read all we sent gives ECONNRESET once, before the last words that it left for us.
    private func receiveOnce(waits: Bool) throws(Errno) -> SocketMessage {
        let size = MessageHeader.size + MessageHeader.inlineBodyLimit
        do throws(Errno) {
            return try socket.receive(upTo: size, descriptors: Self.descriptorsPerPacket, waits: waits)
        } catch  where error == Errno(rawValue: ECONNRESET) {
            return try socket.receive(upTo: size, descriptors: Self.descriptorsPerPacket, waits: waits)
        }
    }
}

/// A packet from a supervisor.
struct SupervisorPacket: Sendable {
    let header: MessageHeader
    let body: MessageReader
    let descriptors: [DescriptorBox]

    init(_ bytes: [UInt8], _ descriptors: [DescriptorBox]) throws(MalformedMessage) {
        var reader = MessageReader(bytes)
        header = try MessageHeader(from: &reader)
        guard descriptors.count == Int(header.descriptors) else { throw .wrongLength }
        if header.bodyInMemoryFile, let file = descriptors.first {
            body = MessageReader(try Self.content(of: file, length: Int(header.length)))
            self.descriptors = Array(descriptors.dropFirst())
        } else {
            body = reader
            self.descriptors = descriptors
        }
    }

    private static func content(of file: DescriptorBox, length: Int) throws(MalformedMessage) -> [UInt8] {
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
            count = unsafe max(0, pread(file.fd.rawValue, buffer.baseAddress, length, 0))
        }
        guard bytes.count == length else { throw .wrongLength }
        return bytes
    }

    /// The answer to a request, or why there is none.
    func decode<Body: MessageBody>(_ type: Body.Type, as expected: MessageType) throws(SupervisorError.Reason) -> Body {
        var reader = body
        let refusal: Refusal
        do throws(MalformedMessage) {
            guard header.type == .refusal else {
                guard header.type == expected else { throw .badValue }
                return try Body(from: &reader)
            }
            refusal = try Refusal(from: &reader)
        } catch { throw .malformed }
        throw .refused(.init(refusal))
    }
}
