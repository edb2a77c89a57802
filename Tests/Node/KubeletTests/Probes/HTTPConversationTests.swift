import Testing

@testable import Kubelet

struct HTTPConversationTests {
    private static let request = ProbeHTTPRequest(scheme: "http", host: "10.0.0.2", port: 80, path: "/", fields: [])

    /// `status body`, `! why`, or `…` while it waits.
    private func read(_ parts: [String], isEnded: Bool) -> String {
        var conversation = HTTPConversation(Self.request, userAgent: "test")
        _ = conversation.begin()
        var steps = parts.map { conversation.receive(Array($0.utf8)[...]) }
        if isEnded { steps.append(conversation.end()) }
        for case .done(let answer) in steps {
            switch answer {
            case .http(let answer): return "\(answer.status) \(String(decoding: answer.body, as: UTF8.self))"
            case .malformed(let why): return "! \(why)"
            default: return "?"
            }
        }
        return "…"
    }

    private static let big = String(repeating: "x", count: 20_000)

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false, "200 ok"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", false, "…"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", true, "! unexpected EOF"),
        ("HTTP/1.0 503 No\n\nlong", true, "503 long"),
        ("HTTP/1.0 503 No\n\nlong", false, "…"),
        ("HTTP/1.1 204 \r\n\r\n", false, "204 "),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", false, "404 "),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\n\r\n", false, "200 abc"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nab", false, "! invalid chunk in the answer's body"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n\(big)", false, "200 \(big.prefix(10_240))"),
        ("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", false, "200 "),
        (
            "SSH-2.0-OpenSSH\r\n", false,
            "! net/http: HTTP/1.x transport connection broken: malformed HTTP response \"SSH-2.0-OpenSSH\\r\\n\""
        ),
        ("", true, "! EOF"),
        ("HTTP/1.1 2", true, "! unexpected EOF"),
        ("HTTP/1.1 9 x\r\n\r\n", false, "! net/http: HTTP/1.x transport connection broken: malformed HTTP response \"HTTP/1.1 9 x\""),
    ])
    func `answers, at once and byte by byte`(text: String, isEnded: Bool, expected: String) {
        #expect(read([text], isEnded: isEnded) == expected)
        guard text.utf8.count < 1_000, !text.hasPrefix("SSH") else { return }
        #expect(read(text.unicodeScalars.map { String($0) }, isEnded: isEnded) == expected)
    }

    @Test func `the request as the kubelet sends it`() {
        let request = ProbeHTTPRequest(
            scheme: "http", host: "fd00::2", port: 8080, path: "a b?c=ü",
            fields: [.init(name: "x-one", value: "1"), .init(name: "host", value: "web.example"), .init(name: "accept", value: "")])
        let lines = String(decoding: request.bytes(userAgent: "kube-probe/1.36"), as: UTF8.self)
        #expect(
            lines
                == "GET /a%20b?c=%C3%BC HTTP/1.1\r\nHost: web.example\r\nUser-Agent: kube-probe/1.36\r\nX-One: 1\r\nConnection: close\r\n\r\n"
        )
        #expect(request.url == "http://[fd00::2]:8080/a%20b?c=%C3%BC")
    }

    @Test func `a field can't smuggle another one in`() {
        let request = ProbeHTTPRequest(
            scheme: "http", host: "h", port: 80, path: "/x\r\nEvil: 1", fields: [.init(name: "A", value: "b\r\nEvil: 1")])
        #expect(request.problem == "net/http: invalid header field value for \"A\"")
        #expect(request.target == "/x%0D%0AEvil:%201")
    }

    @Test(
        arguments: [
            ("/new", "http://h:80/new"), ("new?q", "http://h:80/a/new?q"), ("?q", "http://h:80/a/b?q"),
            ("https://h/x#y", "https://h:443/x"),
            ("http://other:8080", "http://other:8080/"), ("//h:81/z", "http://h:81/z"), ("http://[fd00::1]:82/", "http://[fd00::1]:82/"),
            ("ftp://h/", nil), ("http://:80/", nil), ("http://h:99999/", nil),
        ] as [(String, String?)])
    func `redirects`(location: String, expected: String?) {
        let request = ProbeHTTPRequest(scheme: "http", host: "h", port: 80, path: "/a/b", fields: [])
        #expect(request.redirected(to: location)?.url == expected)
    }
}

struct GRPCHealthConversationTests {
    private func frame(_ type: UInt8, _ flags: UInt8, _ payload: [UInt8], stream: UInt8 = 1) -> [UInt8] {
        [0, UInt8(payload.count >> 8), UInt8(payload.count & 255), type, flags, 0, 0, 0, stream] + payload
    }
    /// `:status: 200` from the static table, then `content-type: application/grpc` as a new field.
    private let head: [UInt8] = [0x88] + HPACKEncoder.literal(name: "content-type", value: "application/grpc")

    private func run(_ bytes: [UInt8], isEnded: Bool = false) -> ProbeOutcome? {
        var conversation = GRPCHealthConversation(authority: "10.0.0.2:5000", service: "", userAgent: "test")
        _ = conversation.begin()
        var steps = bytes.map { conversation.receive([$0]) }
        if isEnded { steps.append(conversation.end()) }
        for case .done(let answer) in steps {
            if case .health(let answer) = answer { return answer.outcome(timeout: .seconds(1)) }
            return .error("\(answer)")
        }
        return nil
    }

    @Test(
        arguments: [
            ([0, 0, 0, 0, 2, 8, 1], ProbeOutcome.success),
            ([0, 0, 0, 0, 2, 8, 2], .failure("service unhealthy (responded with \"NOT_SERVING\")")),
            ([0, 0, 0, 0, 0], .failure("service unhealthy (responded with \"UNKNOWN\")")),
        ] as [([UInt8], ProbeOutcome)])
    func `serving or not`(message: [UInt8], expected: ProbeOutcome) {
        let settings = frame(4, 0, [0, 3, 0, 0, 0, 100], stream: 0)
        let trailers = HPACKEncoder.literal(name: "grpc-status", value: "0")
        #expect(run(settings + frame(1, 4, head) + frame(0, 0, message) + frame(1, 5, trailers)) == expected)
    }

    @Test func `a service that is not there, with compressed fields`() {
        // grpc-status as a literal that enters the table, name compressed by the code of appendix B; then by its place.
        let name: [UInt8] = [0x88, 0x9a, 0xca, 0xc8, 0xb2, 0x12, 0x34, 0xda, 0x8f]
        let block: [UInt8] =
            [0x88, 0x40] + name + [0x01, UInt8(ascii: "5")] + HPACKEncoder.literal(name: "grpc-message", value: "unknown service")
        let decoded = { () -> [HPACKDecoder.Field]? in
            var decoder = HPACKDecoder()
            return decoder.decode(block)
        }()
        #expect(decoded?.map { "\($0.name)=\($0.value)" } == [":status=200", "grpc-status=5", "grpc-message=unknown service"])
        #expect(
            run(frame(4, 0, [], stream: 0) + frame(1, 5, block))
                == .failure("error: health rpc probe failed: rpc error: code = NotFound desc = unknown service"))
    }

    /// Examples of RFC 7541, C.4.1 to C.4.3.
    @Test func `field blocks of the RFC`() {
        let blocks: [[UInt8]] = [
            [0x82, 0x86, 0x84, 0x41, 0x8c, 0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff],
            [0x82, 0x86, 0x84, 0xbe, 0x58, 0x86, 0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf],
            [
                0x82, 0x87, 0x85, 0xbf, 0x40, 0x88, 0x25, 0xa8, 0x49, 0xe9, 0x5b, 0xa9, 0x7d, 0x7f, 0x89, 0x25, 0xa8, 0x49, 0xe9, 0x5b,
                0xb8,
                0xe8, 0xb4, 0xbf,
            ],
        ]
        var decoder = HPACKDecoder()
        let texts = blocks.map { decoder.decode($0)?.map { "\($0.name)=\($0.value)" }.joined(separator: " ") }
        #expect(
            texts == [
                ":method=GET :scheme=http :path=/ :authority=www.example.com",
                ":method=GET :scheme=http :path=/ :authority=www.example.com cache-control=no-cache",
                ":method=GET :scheme=https :path=/index.html :authority=www.example.com custom-key=custom-value",
            ])
    }

    @Test func `what is no HTTP/2, and what ends early`() {
        let plain = Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)
        #expect(run(plain).map { "\($0)".contains("does not speak HTTP/2") } == true)
        #expect(run([], isEnded: true).map { "\($0)".contains("does not speak HTTP/2") } == true)
        #expect(
            run(frame(4, 0, [], stream: 0), isEnded: true)
                == .failure("error: health rpc probe failed: rpc error: code = Unavailable desc = connection closed"))
    }

    @Test func `no bytes bring it down`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            var decoder = HPACKDecoder()
            _ = decoder.decode((0..<40).map { _ in UInt8.random(in: 0...255, using: &random) })
            let payload = (0..<20).map { _ in UInt8.random(in: 0...255, using: &random) }
            _ = run(frame(UInt8.random(in: 0...10, using: &random), UInt8.random(in: 0...255, using: &random), payload), isEnded: true)
        }
    }
}
