package import LinuxSystem
internal import CMnl
internal import Glibc

/// A blocking netlink socket, bound for life to the network namespace of the thread that opened it. One conversation at a time.
@safe package struct NetlinkSocket: ~Copyable, @unchecked Sendable {
    // Safe and unchecked: `handle` is a pointer that libmnl never shares; this value is its only owner and is moved, not copied, between threads.
    private let handle: OpaquePointer
    private var sequence: UInt32 = 0
    private var buffer = [UInt8](repeating: 0, count: 32768)  // the kernel fills dumps up to 32 KiB at a time

    package enum Bus: Sendable {
        case route, netfilter
        var number: CInt { self == .route ? NETLINK_ROUTE : NETLINK_NETFILTER }
    }

    /// Opens a socket in the calling thread's network namespace.
    ///
    /// - Parameter linkEvents: Subscribes to link notifications (`RTMGRP_LINK`), see ``waitForLinkEvents(timeoutMilliseconds:_:)``.
    package init(_ bus: Bus = .route, linkEvents: Bool = false) throws(NetlinkError) {
        guard let opened = unsafe mnl_socket_open2(bus.number, CInt(SOCK_CLOEXEC.rawValue)) else {
            throw NetlinkError("open netlink socket", .current)
        }
        guard unsafe mnl_socket_bind(opened, linkEvents ? UInt32(RTMGRP_LINK) : 0, 0) == 0 else {
            let errno = Errno.current
            _ = unsafe mnl_socket_close(opened)
            throw NetlinkError("bind netlink socket", errno)
        }
        unsafe handle = opened
        // Each is a convenience of newer kernels (4.12, 4.12, 4.20); the parsers cope without.
        for option in [NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK] { enable(option) }
    }

    deinit { _ = unsafe mnl_socket_close(handle) }

    /// For `poll`; owned by the socket.
    package var descriptor: CInt { unsafe mnl_socket_get_fd(handle) }

    private func enable(_ option: CInt) {
        var one: CInt = 1
        _ = unsafe mnl_socket_setsockopt(handle, option, &one, socklen_t(MemoryLayout<CInt>.size))
    }
}

extension NetlinkSocket {
    /// Sends the requests as one datagram and waits for every acknowledgement. The kernel works through all of them in order even
    /// when one fails: this is a batch, not a transaction. Throws the first failure.
    package mutating func perform(_ requests: [NetlinkRequest]) throws(NetlinkError) {
        try perform(requests) { _, _ in }
    }

    /// Sends one request. - Returns: False when the kernel's answer is `expected`, such as "no such device" for a deletion.
    package mutating func perform(_ request: NetlinkRequest, tolerating expected: Errno) throws(NetlinkError) -> Bool {
        do {
            try perform([request])
            return true
        } catch  where error.errno == expected {
            return false
        }
    }

    /// As ``perform(_:)``, and hands over each message the kernel sends back besides the acknowledgements (`NLM_F_ECHO`).
    mutating func perform(
        _ requests: [NetlinkRequest], _ reply: (MessageHeader, RawSpan) throws -> Void
    ) throws(NetlinkError) {
        guard !requests.isEmpty else { return }
        let first = sequence &+ 1
        let datagram = requests.flatMap { request in
            sequence &+= 1
            return request.encoded(sequence: sequence, adding: NLM_F_ACK)
        }
        try send(datagram, requests[0].operation)
        var failure: (index: Int, error: NetlinkError)?
        var outstanding = requests.count
        while outstanding > 0 {
            try receive(requests[0].operation) { header, payload in
                let index = Int(header.sequence &- first)
                guard index < requests.count else { return }  // a late answer to an earlier, failed conversation
                guard header.type == UInt16(NLMSG_ERROR) else { return try reply(header, payload) }
                let answer = try Acknowledgement(header: header, payload: payload)
                outstanding -= 1
                if answer.errno != 0, index < failure?.index ?? .max {
                    failure = (index, Self.error(requests[index].operation, answer))
                }
            }
        }
        if let failure { throw failure.error }
    }

    /// Sends a request that is answered by messages, one or (with `NLM_F_DUMP`) many, and hands over each.
    /// A dump that changed while it was taken is taken again.
    mutating func query(
        _ request: NetlinkRequest, dump: Bool, restart: () -> Void, _ body: (MessageHeader, RawSpan) throws -> Void
    ) throws(NetlinkError) {
        for _ in 0..<16 {
            restart()
            if try queryOnce(request, dump: dump, body) { return }
        }
        throw NetlinkError(request.operation, Errno(rawValue: EINTR), kernelMessage: "the list changed each time it was read")
    }

    /// False when the dump is inconsistent.
    private mutating func queryOnce(
        _ request: NetlinkRequest, dump: Bool, _ body: (MessageHeader, RawSpan) throws -> Void
    ) throws(NetlinkError) -> Bool {
        sequence &+= 1
        let expected = sequence
        try send(request.encoded(sequence: expected, adding: dump ? NLM_F_DUMP : NLM_F_ACK), request.operation)
        var done = false
        var consistent = true
        var failure: NetlinkError?
        while !done {
            try receive(request.operation) { header, payload in
                guard header.sequence == expected else { return }
                if header.flags & UInt16(NLM_F_DUMP_INTR) != 0 { consistent = false }
                switch CInt(header.type) {
                case NLMSG_DONE: done = true
                case NLMSG_ERROR:
                    done = true
                    let answer = try Acknowledgement(header: header, payload: payload)
                    if answer.errno != 0 { failure = Self.error(request.operation, answer) }
                default: try body(header, payload)
                }
            }
        }
        if let failure { throw failure }
        return consistent
    }

    private static func error(_ operation: String, _ answer: Acknowledgement) -> NetlinkError {
        NetlinkError(operation, Errno(rawValue: answer.errno), kernelMessage: answer.message)
    }
}

extension NetlinkSocket {
    private func send(_ datagram: [UInt8], _ operation: String) throws(NetlinkError) {
        let sent = unsafe datagram.withUnsafeBytes { unsafe mnl_socket_sendto(handle, $0.baseAddress, $0.count) }
        guard sent == datagram.count else { throw NetlinkError("\(operation): send to the kernel", .current) }
    }

    /// Waits for one datagram and walks its messages. A datagram larger than the buffer is an error (libmnl: ENOSPC), not cut.
    mutating func receive(_ operation: String, _ body: (MessageHeader, RawSpan) throws -> Void) throws(NetlinkError) {
        var count: Int
        repeat {
            count = unsafe buffer.withUnsafeMutableBytes { unsafe mnl_socket_recvfrom(handle, $0.baseAddress, $0.count) }
        } while count < 0 && Errno.current == .interrupted
        guard count >= 0 else { throw NetlinkError("\(operation): receive from the kernel", .current) }
        do {
            try unsafe forEachMessage(in: buffer.span.bytes.extracting(0..<count), body)
        } catch let error as NetlinkError {
            throw error
        } catch {
            throw .malformed(operation)
        }
    }
}
