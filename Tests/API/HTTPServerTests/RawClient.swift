import Glibc

/// A TCP client that sends and receives exactly what a test says. Blocking: use it inside `offTheLoop`.
final class RawClient: Sendable {
    private let fd: CInt

    /// - Parameter port: On 127.0.0.1. Nothing takes longer than ten seconds.
    init(port: Int) throws {
        fd = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard result == 0 else { throw Failure(step: "connect", code: errno) }
    }

    struct Failure: Error {
        let step: String
        let code: CInt
    }

    deinit { close(fd) }

    func send(_ text: String) throws {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.send(fd, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
            guard count > 0 else { throw Failure(step: "send", code: errno) }
            bytes = bytes.dropFirst(count)
        }
    }

    /// Some bytes, at most so many; empty at the end.
    func receive(atMost count: Int = 65536) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let received = recv(fd, &bytes, count, 0)
        guard received >= 0 else { throw Failure(step: "receive", code: errno) }
        return Array(bytes.prefix(received))
    }

    /// Everything up to the end of the connection. A reset counts as an end.
    func receiveAll() throws -> String {
        var bytes: [UInt8] = []
        while true {
            do {
                let more = try receive()
                if more.isEmpty { break }
                bytes += more
            } catch let failure as Failure where failure.code == ECONNRESET {
                break
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Everything until a text has come.
    func receive(until end: String) throws -> String {
        var text = ""
        while !text.contains(end) {
            let more = try receive()
            if more.isEmpty { throw Failure(step: "receive until \(end), after \(text.suffix(200))", code: 0) }
            text += String(decoding: more, as: UTF8.self)
        }
        return text
    }
}
