import CRI
import Glibc
import LinuxSystem
import Testing

@testable import ContainerRuntime

/// exec, attach and port forwarding as channels of bytes, on real containers.
@Suite(.enabled(if: getuid() == 0 && RuntimeFixture.isPossible), .serialized) struct StreamTests {
    private static func options(stdin: Bool = false, tty: Bool = false) -> StreamOptions {
        var options = StreamOptions()
        (options.stdin, options.stdout, options.stderr, options.tty) = (stdin, true, !tty, tty)
        return options
    }

    private static func all(_ channel: (any ByteChannel)?) async throws -> String {
        var bytes: [UInt8] = []
        while let more = try await channel?.read() { bytes += more }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func run(
        hasNetwork: Bool = false, _ command: [String] = ["/bin/sleep", "1000"], _ change: (inout ContainerConfig) -> Void = { _ in },
        _ body: (RuntimeFixture, _ sandbox: String, _ container: String) async throws -> Void
    ) async throws {
        let fixture = try await RuntimeFixture(hasNetwork: hasNetwork)
        let pod = fixture.pod("streams")
        let sandbox = try await fixture.runtime.runPodSandbox(pod)
        let id = try await fixture.start(command, in: sandbox, pod, change)
        try await body(fixture, sandbox, id)
        try await fixture.runtime.removePodSandbox(sandbox)
        try await fixture.expectClean()
    }

    @Test func `a command's streams and its exit code`() async throws {
        try await run { fixture, _, id in
            let streams = try await fixture.runtime.exec(
                id, command: ["/bin/sh", "-c", "cat; echo bad >&2; exit 7"], streams: Self.options(stdin: true))
            let big = [UInt8](repeating: UInt8(ascii: "x"), count: 3 << 20)
            async let output = Self.all(streams.stdout)
            async let errors = Self.all(streams.stderr)
            try await streams.stdin?.write(big)
            streams.stdin?.finishWriting()
            #expect(try await output.utf8.count == big.count)
            #expect(try await errors == "bad\n")
            #expect(try await streams.exit() == 7)
            streams.close()
        }
    }

    @Test func `a terminal has the size that it is given, and hangs up when it is closed`() async throws {
        try await run { fixture, _, id in
            let streams = try await fixture.runtime.exec(
                id, command: ["/bin/sh", "-c", "read x; stty size; read y"], streams: Self.options(stdin: true, tty: true))
            try await streams.resize(TerminalSize(rows: 41, columns: 123))
            try await streams.stdin?.write(Array("go\n".utf8))
            var text = ""
            while !text.contains("41 123"), let bytes = try await streams.stdout?.read() { text += String(decoding: bytes, as: UTF8.self) }
            #expect(text.contains("41 123"))
            streams.close()
            // SIGHUP: the shell does not wait for its second line.
            #expect(try await streams.exit() != 0)
        }
    }

    @Test func `attached to a container, its input ends with the client's when it is for one client`() async throws {
        try await run(["/bin/cat"], { ($0.stdin, $0.stdinOnce) = (true, true) }) { fixture, _, id in
            let streams = try await fixture.runtime.attach(id, streams: Self.options(stdin: true))
            async let output = Self.all(streams.stdout)
            try await streams.stdin?.write(Array("hello\n".utf8))
            streams.stdin?.finishWriting()
            #expect(try await output == "hello\n")
            #expect(try await streams.exit() == nil)
            #expect(try await fixture.ended(id).exitCode == 0)
            streams.close()
        }
    }

    @Test func `a port of a pod, and one where nobody listens`() async throws {
        try await run(hasNetwork: true, ["/bin/nc", "-l", "-p", "8080", "-e", "/bin/cat"]) { fixture, sandbox, _ in
            var connected: (any ByteChannel)?
            for _ in 0..<500 where connected == nil {
                connected = try? await fixture.runtime.portForward(sandbox: sandbox, port: 8080)
                if connected == nil { try await Task.sleep(for: .milliseconds(10)) }
            }
            let channel = try #require(connected)
            try await channel.write(Array("ping".utf8))
            #expect(try await channel.read() == Array("ping".utf8))
            channel.finishWriting()
            #expect(try await channel.read() == nil)
            channel.close()
            await #expect { _ = try await fixture.runtime.portForward(sandbox: sandbox, port: 81) } throws: {
                "\($0)".contains("failed to connect to localhost:81 inside namespace") && "\($0)".contains("Connection refused")
            }
        }
    }

    @Test func `statistics of a container and its pod`() async throws {
        try await run(hasNetwork: true, ["/bin/sh", "-c", "while :; do :; done"]) { fixture, sandbox, id in
            func cpu() async throws -> UInt64 {
                let all = try await fixture.runtime.listContainerStats(ContainerFilter())
                return all.first { $0.id == id }?.cpu?.usageCoreNanoSeconds ?? 0
            }
            let before = try await cpu()
            var after = before
            for _ in 0..<500 where after <= before {
                try await Task.sleep(for: .milliseconds(10))
                after = try await cpu()
            }
            #expect(after > before)
            let pods = try await fixture.runtime.listPodSandboxStats(PodSandboxFilter())
            let pod = try #require(pods.first { $0.id == sandbox })
            #expect((pod.memory?.workingSetBytes ?? 0) > 0)
            #expect(pod.processCount >= 1)
            #expect(pod.interfaces.map(\.name) == ["eth0"])
            #expect(pod.containers.map(\.id) == [id])
        }
    }
}
