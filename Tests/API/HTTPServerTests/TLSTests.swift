import APIMachinery
import HTTPServer
import NIOCore
import NIOPosix
import NIOSSL
import TestSupport
import Testing

/// With real clients: what they negotiate, and that they are understood.
@Suite(.serialized) struct TLSTests {
    @Test(arguments: ["--http1.1", "--http2"])
    func `curl is served over both protocols`(version: String) async throws {
        let certificates = try await TestCertificates()
        let test = try await TestServer(tls: try certificates.identity())
        let base = "https://127.0.0.1:\(test.port)"
        let curl = "curl -sS \(version) --cacert \(certificates.folder)/ca.pem"
        #expect(
            try await shell("\(curl) -w '|%{http_version}|%{http_code}' --data hello \(base)/echo").output
                == "hello|\(version == "--http2" ? "2" : "1.1")|200")
        #expect(try await shell("\(curl) \(base)/stream?count=3").output == "line 0\nline 1\nline 2\n")
        #expect(try await shell("\(curl) \(base)/big?count=3000000 | wc -c").output.contains("3000000"))
        #expect(try await shell("\(curl) -o /dev/null -w '%{http_code}' -I \(base)/big?count=1000").output == "200")
        #expect(try await shell("head -c 2000000 /dev/zero | \(curl) --data-binary @- \(base)/length").output == "2000000")
        #expect(
            try await shell("head -c 4000000 /dev/zero | \(curl) -w '%{http_code}' -o /dev/null --data-binary @- \(base)/echo").output
                .hasSuffix("413"))
        await test.server.shutdown()
        await certificates.remove()
    }

    @Test func `a client's certificate reaches the handler, another authority's is refused, none is taken too`() async throws {
        let certificates = try await TestCertificates()
        let test = try await TestServer(tls: try certificates.identity())
        let curl = "cd \(certificates.folder) && curl -sS --cacert ca.pem"
        let url = "https://127.0.0.1:\(test.port)/who"
        for version in ["--http1.1", "--http2"] {
            let subject = try await shell(
                "\(curl) \(version) --cert client.pem --key client.key \(url) | openssl x509 -inform der -noout -subject")
            #expect(subject.output.contains("O = readers, CN = jane"))
            #expect(try await shell("\(curl) \(version) --cert stranger.pem --key stranger.key \(url)").status != 0)
            #expect(try await shell("\(curl) \(version) \(url)").output.isEmpty)
        }
        await test.server.shutdown()
        await certificates.remove()
    }

    @Test func `openssl negotiates protocol and version`() async throws {
        let certificates = try await TestCertificates()
        let test = try await TestServer(tls: try certificates.identity())
        let client = "openssl s_client -connect 127.0.0.1:\(test.port) -CAfile \(certificates.folder)/ca.pem"
        let both = try await shell("\(client) -alpn h2,http/1.1 </dev/null")
        #expect(both.output.contains("ALPN protocol: h2"))
        #expect(both.output.contains("Verify return code: 0 (ok)"))
        #expect(try await shell("\(client) -alpn http/1.1 </dev/null").output.contains("ALPN protocol: http/1.1"))
        #expect(try await shell("\(client) -tls1_1 </dev/null").status != 0)
        let answer = try await shell(
            "(printf 'GET /header?text=hi HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n'; sleep 1) | \(client) -quiet")
        #expect(answer.output.contains("X-Text: hi"))
        await test.server.shutdown()
        await certificates.remove()
    }

    /// RFC 8446, 6.1: the message is all there is of it, since the client closes its socket only when it has been answered.
    @Test func `a client that says goodbye amid an answer without end is heard`() async throws {
        let certificates = try await TestCertificates()
        let test = try await TestServer(tls: try certificates.identity())
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(certificates.text("ca.pem").utf8)))
        configuration.shutdownTimeout = .hours(1)
        let context = try NIOSSLContext(configuration: configuration)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: context, serverHostname: nil))
                }
            }
            .connect(host: "127.0.0.1", port: test.port).get()
        try await channel.writeAndFlush(ByteBuffer(string: "GET /watch HTTP/1.1\r\nHost: x\r\n\r\n"))
        #expect(try await eventually { test.seen.streams.withLock { $0.count } == 1 })
        channel.close(promise: nil)
        #expect(try await eventually { test.seen.closedStreamCount.load(ordering: .relaxed) == 1 })
        await test.server.shutdown()
        try? await channel.closeFuture.get()
        await certificates.remove()
    }

    @Test func `a replaced certificate is shown to new connections`() async throws {
        let certificates = try await TestCertificates()
        let test = try await TestServer(tls: try certificates.identity())
        let client = "openssl s_client -connect 127.0.0.1:\(test.port) </dev/null | openssl x509 -noout -subject"
        #expect(try await shell(client).output.contains("CN = server"))
        try test.server.replace(
            TLSIdentity(certificateChain: try certificates.text("stranger.pem"), privateKey: try certificates.text("stranger.key")))
        #expect(try await shell(client).output.contains("CN = eve"))
        await test.server.shutdown()
        await certificates.remove()
    }

    @Test func `Python's http client keeps its connection`() async throws {
        let certificates = try await TestCertificates()
        let test = try await TestServer(tls: try certificates.identity())
        let script = """
            import http.client, ssl
            c = http.client.HTTPSConnection('127.0.0.1', \(test.port), context=ssl.create_default_context(cafile='\(certificates.folder)/ca.pem'))
            for i in range(50):
                c.request('POST', '/echo', body=str(i))
                assert c.getresponse().read() == str(i).encode()
            c.request('GET', '/stream?count=2')
            print(c.getresponse().read())
            """
        #expect(try await shell("python3 -c \"\(script)\"").output == "b'line 0\\nline 1\\n'\n")
        #expect(test.server.connectionCount <= 1)
        await test.server.shutdown()
        await certificates.remove()
    }

    @Test func `a handshake that does not go on is given up`() async throws {
        let certificates = try await TestCertificates()
        let test = try await TestServer(tls: try certificates.identity()) { $0.timeouts.handshake = .milliseconds(200) }
        let port = test.port
        let answer = try await offTheLoop { try RawClient(port: port).receiveAll() }
        #expect(answer.isEmpty)
        #expect(try await eventually { test.server.connectionCount == 0 })
        await test.server.shutdown()
        await certificates.remove()
    }

    @Test func `a large body is compressed for those who accept it`() async throws {
        let certificates = try await TestCertificates()
        let test = try await TestServer(tls: try certificates.identity()) { $0.compressesForLoopback = true }
        let curl = "curl -sS --cacert \(certificates.folder)/ca.pem https://127.0.0.1:\(test.port)"
        #expect(try await shell("\(curl)/big?count=200000 -H 'Accept-Encoding: gzip' | gunzip | wc -c").output.contains("200000"))
        #expect(try await shell("\(curl)/big?count=200000 -D - -o /dev/null").output.contains("content-length: 200000"))
        #expect(!(try await shell("\(curl)/big?count=100000 -D - -o /dev/null -H 'Accept-Encoding: gzip'").output.contains("gzip")))
        #expect(!(try await shell("\(curl)/big?count=200000 -D - -o /dev/null -H 'Accept-Encoding: gzip;q=0'").output.contains("gzip")))
        await test.server.shutdown()
        await certificates.remove()
    }

    @Test func `an idle HTTP2 connection is closed`() async throws {
        let certificates = try await TestCertificates()
        let test = try await TestServer(tls: try certificates.identity()) { $0.timeouts.idle = .milliseconds(300) }
        _ = try await shell("timeout 8 openssl s_client -connect 127.0.0.1:\(test.port) -alpn h2 -quiet < /dev/zero > /dev/null")
        #expect(try await eventually { test.server.connectionCount == 0 })
        await test.server.shutdown()
        await certificates.remove()
    }

    @Test func `an HTTP2 stream is told of its client's cancellation`() async throws {
        let certificates = try await TestCertificates()
        let test = try await TestServer(tls: try certificates.identity())
        _ = try await shell("curl -sS -m 0.5 --cacert \(certificates.folder)/ca.pem https://127.0.0.1:\(test.port)/watch")
        #expect(try await eventually { test.seen.closedStreamCount.load(ordering: .relaxed) == 1 })
        await test.server.shutdown()
        await certificates.remove()
    }
}
