import Glibc
import HTTPServer
import TestSupport
import Testing

/// Clients that only lie there, and one that sends a byte now and then: the others must not notice. `make bench` holds ten thousand of them.
@Suite(.serialized) struct ManyConnectionsTests {
    /// An even number; `SWIFTLET_CONNECTIONS` asks for more.
    private static let count = getenv("SWIFTLET_CONNECTIONS").flatMap { Int(String(cString: $0)) } ?? 1_000

    /// This process holds one end of each connection, other processes the other.
    private static let mayOpenEnough: Bool = {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return false }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        guard limit.rlim_cur >= rlim_t(count + 500) else {
            print("the test with \(count) connections is skipped: RLIMIT_NOFILE is at most \(limit.rlim_cur)")
            return false
        }
        return true
    }()

    /// Opens so many TLS connections, each for one request; then says so, holds them, and counts those that are still open at the end.
    private static let holder = """
        import resource, socket, ssl, sys
        port, count = int(sys.argv[1]), int(sys.argv[2])
        resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
        context, held = ssl._create_unverified_context(), []
        for number in range(count):
            connection = context.wrap_socket(socket.create_connection(('127.0.0.1', port), 60))
            connection.sendall(b'POST /echo HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 2\\r\\n\\r\\nhi')
            answer = b''
            while not answer.endswith(b'hi'):
                answer += connection.recv(4096)
            held.append(connection)
        print('held', flush=True)
        sys.stdin.readline()
        open_ones = 0
        for connection in held:
            connection.setblocking(False)
            try:
                open_ones += connection.recv(1) != b''
            except (ssl.SSLWantReadError, BlockingIOError):
                open_ones += 1
            except OSError:
                pass
        print(open_ones, flush=True)
        """

    @Test(.enabled("the process may not open enough files") { mayOpenEnough })
    func `idle TLS connections are held by the thousand, and others are served`() async throws {
        let certificates = try await TestCertificates()
        let test = try await TestServer(tls: try certificates.identity()) {
            $0.timeouts.idle = .seconds(600)
            $0.timeouts.header = .seconds(1)
        }
        let (port, folder) = (test.port, certificates.folder)
        let script = "\(folder)/hold.py"
        try await offTheLoop {
            guard let file = fopen(script, "w") else { throw RawClient.Failure(step: "open \(script)", code: errno) }
            fputs(Self.holder, file)
            fclose(file)
        }
        // Two processes, each with half; they end when their input does.
        let holders = try await offTheLoop { try (0..<2).map { _ in try Holder("python3 \(script) \(port) \(Self.count / 2)") } }
        for holder in holders { #expect(try await offTheLoop { holder.line() } == "held\n") }
        #expect(test.server.connectionCount == Self.count)

        let curl = "curl -sS -m 5 --cacert \(folder)/ca.pem https://127.0.0.1:\(port)"
        #expect(try await shell("\(curl)/echo --data hello").output == "hello")
        // Headers that come a byte at a time: their connections end after the time for a header, whatever goes on in them.
        let slow = try await shell(
            "(printf 'GET / HTTP/1.1\\r\\nX: '; while sleep 0.2 && printf x; do :; done) 2>/dev/null"
                + " | timeout 10 openssl s_client -quiet -connect 127.0.0.1:\(port)")
        #expect(slow.output.contains("HTTP/1.1 408 "))
        #expect(try await shell("\(curl)/big?count=1000000 | wc -c").output == "1000000\n")
        var stillOpen = 0
        for holder in holders { stillOpen += Int(try await offTheLoop { holder.finish() }.dropLast()) ?? 0 }
        #expect(stillOpen == Self.count)
        #expect(try await eventually { test.server.connectionCount == 0 })
        await test.server.shutdown()
        await certificates.remove()
    }
}

/// A command whose output is read while it runs, and which ends with its input.
private final class Holder: Sendable {
    private let input: CInt
    private let output: CInt
    private let pid: pid_t

    init(_ command: String) throws {
        var (input, output): ([CInt], [CInt]) = ([0, 0], [0, 0])
        guard pipe(&input) == 0, pipe(&output) == 0 else { throw RawClient.Failure(step: "pipe", code: errno) }
        for end in input + output { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input[0], 0)
        posix_spawn_file_actions_adddup2(&actions, output[1], 1)
        let texts: [String] = ["/bin/sh", "-c", command]
        let words = texts.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, "/bin/sh", &actions, nil, words, environ)
        close(input[0])
        close(output[1])
        (self.input, self.output, self.pid) = (input[1], output[0], pid)
        guard code == 0 else { throw RawClient.Failure(step: "posix_spawn", code: code) }
    }

    /// Blocks until a line is there, or the end.
    func line() -> String {
        var text: [UInt8] = []
        var byte: UInt8 = 0
        while text.last != 0x0A, read(output, &byte, 1) == 1 { text.append(byte) }
        return String(decoding: text, as: UTF8.self)
    }

    /// - Returns: The last line.
    func finish() -> String {
        close(input)
        let last = line()
        var status: CInt = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        close(output)
        return last
    }
}
