import CLinux
import Glibc
import Testing

@testable import PodSupervisor

struct OutputStreamTests {
    @Test func `a line that comes in parts is one entry`() throws {
        let directory = try TemporaryDirectory()
        let harness = try StreamHarness(path: directory.path + "/0.log")
        for part in ["hel", "lo\nwor", "", "ld", "\n"] where !part.isEmpty {
            harness.write(part)
            harness.pump()
        }
        #expect(withoutTimes(directory.text("0.log")) == ["stdout F hello", "stdout F world"])
        harness.close()
        #expect(withoutTimes(directory.text("0.log")) == ["stdout F hello", "stdout F world"])
        #expect(!harness.stream.isOpen)
    }

    @Test func `the end of an unfinished line is partial`() throws {
        let directory = try TemporaryDirectory()
        let harness = try StreamHarness(path: directory.path + "/0.log", .stderr)
        harness.write("whole\nrest")
        harness.pump()
        #expect(withoutTimes(directory.text("0.log")) == ["stderr F whole"])
        harness.close()
        #expect(withoutTimes(directory.text("0.log")) == ["stderr F whole", "stderr P rest"])
    }

    @Test func `a line of a megabyte keeps every byte`() throws {
        let directory = try TemporaryDirectory()
        let harness = try StreamHarness(path: directory.path + "/0.log")
        let line = (0..<1_000_003).map { UInt8(ascii: "a") + UInt8($0 % 26) }
        for start in stride(from: 0, to: line.count, by: 100_000) {
            harness.write(Array(line[start..<min(line.count, start + 100_000)]))
            harness.pump()
        }
        harness.write("\nnext\n")
        harness.close()
        let entries = withoutTimes(directory.text("0.log"))
        #expect(entries.last == "stdout F next")
        #expect(entries.dropLast(2).allSatisfy { $0.hasPrefix("stdout P ") && $0.utf8.count == 9 + 16_384 })
        #expect(entries.dropLast().map { $0.dropFirst(9) }.joined() == String(decoding: line, as: UTF8.self))
    }

    @Test func `NUL bytes and empty lines are kept`() throws {
        let directory = try TemporaryDirectory()
        let harness = try StreamHarness(path: directory.path + "/0.log")
        harness.write([0, 0x0a, 0x0a, 0xff, 0, 0x0a])
        harness.close()
        let log = try LinuxBytes.read(directory.path + "/0.log")
        let contents = log.split(separator: 0x0a, omittingEmptySubsequences: false).dropLast().map { Array($0.dropFirst(40)) }
        #expect(contents == [[0], [], [0xff, 0]])
    }

    @Test func `without a log the output is read and thrown away`() throws {
        let harness = try StreamHarness(path: nil)
        harness.write(String(repeating: "x\n", count: 50_000))
        harness.close()
        #expect(!harness.stream.isOpen)
    }

    @Test func `files are rotated before they grow beyond the limit, and the oldest go`() throws {
        let directory = try TemporaryDirectory()
        let harness = try StreamHarness(path: directory.path + "/0.log", maxSizeBytes: 1_000, maxFiles: 3)
        for number in 0..<100 {
            harness.write("line \(number)\n")
            if number % 7 == 0 { harness.pump() }
        }
        harness.close()
        let names = directory.names
        #expect(names.count == 3 && names.contains("0.log"))
        #expect(names.allSatisfy { directory.text($0).utf8.count <= 1_000 })
        let kept = (names.filter { $0 != "0.log" } + ["0.log"]).flatMap { withoutTimes(directory.text($0)) }
        #expect(kept == (100 - kept.count..<100).map { "stdout F line \($0)" })
    }

    @Test func `an entry larger than the limit stands alone in its file`() throws {
        let directory = try TemporaryDirectory()
        let harness = try StreamHarness(path: directory.path + "/0.log", maxSizeBytes: 100, maxFiles: 10)
        harness.write("a\n" + String(repeating: "x", count: 500) + "\nb\n")
        harness.close()
        let sizes = directory.names.map { withoutTimes(directory.text($0)).count }
        #expect(sizes == [1, 1, 1])
    }

    @Test func `a log that somebody renamed is reopened by its path`() throws {
        let directory = try TemporaryDirectory()
        let harness = try StreamHarness(path: directory.path + "/0.log")
        harness.write("one\n")
        harness.pump()
        rename(directory.path + "/0.log", directory.path + "/old")
        harness.write("two\n")
        harness.pump()
        try harness.log?.reopen()
        harness.write("three\n")
        harness.close()
        #expect(withoutTimes(directory.text("old")) == ["stdout F one", "stdout F two"])
        #expect(withoutTimes(directory.text("0.log")) == ["stdout F three"])
    }

    @Test func `an existing log is appended to`() throws {
        let directory = try TemporaryDirectory()
        for word in ["one", "two"] {
            let harness = try StreamHarness(path: directory.path + "/0.log")
            harness.write(word + "\n")
            harness.close()
        }
        #expect(withoutTimes(directory.text("0.log")) == ["stdout F one", "stdout F two"])
    }

    @Test func `a symbolic link in the log's place is refused`() throws {
        let directory = try TemporaryDirectory()
        symlink("/etc/hostname", directory.path + "/0.log")
        #expect(throws: SystemFailure(number: ELOOP)) { try StreamHarness(path: directory.path + "/0.log") }
    }

    @Test func `attached clients get the bytes, and one that does not read is dropped`() throws {
        let harness = try StreamHarness(path: nil)
        var fast: [CInt] = [-1, -1], slow: [CInt] = [-1, -1]
        try #require(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &fast) == 0)
        try #require(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &slow) == 0)
        harness.stream.add(OutputClient(Descriptor(adopting: fast[0])))
        harness.stream.add(OutputClient(Descriptor(adopting: slow[0])))
        var received = 0
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        for _ in 0..<100 {
            harness.write([UInt8](repeating: 0x2e, count: 100_000))
            harness.pump()
            while case let count = recv(fast[1], &buffer, buffer.count, CInt(MSG_DONTWAIT)), count > 0 { received += count }
        }
        #expect(received == 10_000_000)
        #expect(harness.stream.clients.count == 1)
        harness.close()
        #expect(recv(fast[1], &buffer, 1, 0) == 0, "the end is passed on")
        for fd in [fast[1], slow[1]] { close(fd) }
    }

    @Test func `buffers give their memory back when nothing flows`() throws {
        let harness = try StreamHarness(path: nil)
        harness.write("x\n")
        harness.pump()
        let release = try #require(harness.buffers.releaseTime)
        harness.buffers.releaseIfIdle(at: Instant(nanoseconds: release.nanoseconds - 1))
        #expect(harness.buffers.lastUse != nil)
        harness.buffers.releaseIfIdle(at: release)
        #expect(harness.buffers.lastUse == nil && harness.buffers.releaseTime == nil)
        harness.close()
    }
}

enum LinuxBytes {
    static func read(_ path: String) throws -> [UInt8] {
        let file = try #require(fopen(path, "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = fread(&bytes, 1, bytes.count, file)
        return Array(bytes[..<count])
    }
}
