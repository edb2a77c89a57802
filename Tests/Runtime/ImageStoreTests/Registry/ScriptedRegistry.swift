import APIMachinery
import Glibc
import LinuxSystem
import Synchronization

@testable import ImageStore

/// A registry of plain sockets on the loopback that answers what a test says, and can break off, stall and lie.
final class ScriptedRegistry: Sendable {
    struct Request: Sendable {
        var method: String
        /// With the query.
        var target: String
        var headers: HTTPHeaders

        var path: String { String(target.prefix { $0 != "?" }) }
        /// The first byte of a `Range` field.
        var rangeBegin: Int? { headers["Range"].flatMap { Int($0.dropFirst("bytes=".count).prefix { $0 != "-" }) } }
    }

    struct Response: Sendable {
        enum End: Sendable { case complete, cut, stall }
        var status = 200
        var headers: [(String, String)] = []
        var count = 0
        /// The bytes of a range of the body.
        var bytes: @Sendable (Range<Int>) -> ArraySlice<UInt8> = { _ in [] }
        /// What is said in place of `count`.
        var declaredCount: Int?
        /// Where the body stops, and how.
        var stop: (at: Int, end: End)?

        init(status: Int = 200, _ body: [UInt8] = [], headers: [(String, String)] = []) {
            (self.status, self.headers, count) = (status, headers, body.count)
            bytes = { body[$0] }
        }
    }

    typealias Handler = @Sendable (Request) -> Response

    let port: Int
    private let listener: CInt
    private let handler: Handler
    private let seen = Mutex<[Request]>([])

    var authority: String { "127.0.0.1:\(port)" }
    var requests: [Request] { seen.withLock { $0 } }
    /// `GET /v2/x`, in order.
    var lines: [String] { requests.map { "\($0.method) \($0.path)" } }

    init(_ handler: @escaping Handler) throws {
        self.handler = handler
        (listener, port) = try Self.listen()
        // It goes on until the tests end: nobody has to hold it.
        startTestThread { [self] in
            while case let connection = accept(listener, nil, nil), connection >= 0 {
                startTestThread { [self] in
                    serve(connection)
                    close(connection)
                }
            }
        }
    }

    private static func listen() throws -> (CInt, port: Int) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) == 0 && Glibc.listen(listener, 64) == 0 && getsockname(listener, address, &length) == 0
            }
        }
        guard bound else { throw SystemError("listen on the loopback", .current) }
        return (listener, Int(UInt16(bigEndian: address.sin_port)))
    }

    /// A port that nobody listens on.
    static func freePort() throws -> Int {
        let (listener, port) = try listen()
        close(listener)
        return port
    }

    // MARK: One connection, one request

    private func serve(_ connection: CInt) {
        guard let request = Self.read(connection) else { return }
        seen.withLock { $0.append(request) }
        let response = handler(request)
        var head = "HTTP/1.1 \(response.status) X\r\nConnection: close\r\nContent-Length: \(response.declaredCount ?? response.count)\r\n"
        for (name, value) in response.headers { head += "\(name): \(value)\r\n" }
        guard Self.write(Array((head + "\r\n").utf8)[...], connection), request.method != "HEAD" else { return }
        let end = min(response.stop?.at ?? response.count, response.count)
        var place = 0
        while place < end {
            let next = min(place + 64 << 10, end)
            guard Self.write(response.bytes(place..<next), connection) else { return }
            place = next
        }
        guard case .stall? = response.stop?.end else { return }
        var byte: UInt8 = 0
        _ = recv(connection, &byte, 1, 0)  // until the client has had enough
    }

    private static func read(_ connection: CInt) -> Request? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !bytes.indices.contains(where: { bytes[$0...].starts(with: [13, 10, 13, 10]) }) {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
        let words = lines[0].split(separator: " ")
        var headers = HTTPHeaders()
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers.append(String(line[..<colon]), String(line[line.index(after: colon)...].drop { $0 == " " }))
        }
        return Request(method: String(words[0]), target: String(words[1]), headers: headers)
    }

    private static func write(_ bytes: ArraySlice<UInt8>, _ connection: CInt) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}

private func startTestThread(_ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let failure = pthread_create(
        &thread, nil,
        { pointer in
            if let pointer { Unmanaged<Box>.fromOpaque(pointer).takeRetainedValue().body() }
            return nil
        }, Unmanaged.passRetained(Box(body)).toOpaque())
    precondition(failure == 0, "no thread for a test: errno \(failure)")
    pthread_detach(thread)
}
