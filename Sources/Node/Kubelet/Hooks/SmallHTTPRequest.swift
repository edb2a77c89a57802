internal import Glibc

/// A GET request whose answer does not matter, as lifecycle hooks make: one connection, HTTP/1.1, no redirects.
struct SmallHTTPRequest: Sendable {
    struct Failure: Error, CustomStringConvertible { let description: String }

    private static let timeoutSeconds = 30
    private static let maxAnswerBytes = 10 * 1_024
    private static let userAgent = "swiftlet-lifecycle/1"

    let host: String
    let port: UInt16
    let path: String
    let headers: [(name: String, value: String)]

    /// Blocks until there is an answer. Any HTTP status will do.
    func send() throws(Failure) {
        let fd = try connect()
        defer { close(fd) }
        try write(fd)
        try readAnswer(fd)
    }

    private var address: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }

    private func failure(_ what: String) -> Failure {
        Failure(description: "Get \"http://\(address)\(path)\": \(what)")
    }

    private func failure(errno: Int32, _ call: String) -> Failure {
        failure("\(call): \(unsafe String(cString: strerror(errno)))")
    }

    private func connect() throws(Failure) -> Int32 {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(host, String(port), &hints, &found)
        guard code == 0, let found = unsafe found else {
            throw failure("lookup \(host): \(unsafe String(cString: gai_strerror(code)))")
        }
        defer { unsafe freeaddrinfo(found) }
        var lastError: Int32 = 0
        var next: UnsafeMutablePointer<addrinfo>? = unsafe found
        while let info = unsafe next {
            let fd = unsafe socket(info.pointee.ai_family, info.pointee.ai_socktype, info.pointee.ai_protocol)
            if fd >= 0 {
                setTimeouts(fd)
                if unsafe Glibc.connect(fd, info.pointee.ai_addr, info.pointee.ai_addrlen) == 0 { return fd }
            }
            lastError = errno
            if fd >= 0 { close(fd) }
            unsafe next = info.pointee.ai_next
        }
        throw failure(errno: lastError, "dial tcp \(address): connect")
    }

    private func setTimeouts(_ fd: Int32) {
        _ = fcntl(fd, F_SETFD, FD_CLOEXEC)
        var timeout = timeval(tv_sec: Self.timeoutSeconds, tv_usec: 0)
        for option in [SO_SNDTIMEO, SO_RCVTIMEO] {
            unsafe setsockopt(fd, SOL_SOCKET, option, &timeout, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    private var text: String {
        var fields = headers
        func has(_ name: String) -> Bool { fields.contains { $0.name.lowercased() == name } }
        if !has("host") { fields.insert(("Host", address), at: 0) }
        if !has("user-agent") { fields.append(("User-Agent", Self.userAgent)) }
        fields.append(("Connection", "close"))
        let target = path.hasPrefix("/") ? path : "/" + path
        return "GET \(target) HTTP/1.1\r\n" + fields.map { "\($0.name): \($0.value)\r\n" }.joined() + "\r\n"
    }

    private func write(_ fd: Int32) throws(Failure) {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes[sent...].withUnsafeBytes { unsafe Glibc.send(fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure(errno: errno, "write") }
            sent += count
        }
    }

    private func readAnswer(_ fd: Int32) throws(Failure) {
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while answer.count < Self.maxAnswerBytes {
            let count = unsafe recv(fd, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(errno: errno, "read") }
            if count == 0 { break }
            answer += buffer[..<count]
            if answer.starts(with: Array("HTTP/1.".utf8)), answer.contains(UInt8(ascii: "\n")) { return }
        }
        throw failure(answer.isEmpty ? "EOF" : "malformed HTTP response")
    }
}
