import APIMachinery
import Glibc
import Testing

@testable import Kubelet

/// Logs in files as the runtime writes them, read as clients want them.
struct LogReaderTests {
    /// `SECOND STREAM TAG CONTENT` for each entry.
    private static func entries(_ lines: [String]) -> String {
        lines.map { line in
            let parts = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
            let second = String(100 + (Int(parts[0]) ?? 0)).dropFirst()
            let stream = parts[1] == "o" ? "stdout" : "stderr"
            return "2026-01-01T00:00:\(second).000000001Z \(stream) \(parts[2]) \(parts[3])\n"
        }.joined()
    }

    private static func read(_ files: [(name: String, lines: [String])], _ change: (inout LogOptions) -> Void = { _ in }) throws -> String {
        let directory = try TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        for file in files { try PodFiles.replace("\(directory.path)/\(file.name)", Array(entries(file.lines).utf8), mode: 0o600) }
        var options = LogOptions()
        change(&options)
        var reader = LogReader(path: "\(directory.path)/0.log", options)
        var output: [UInt8] = []
        while let bytes = reader.next() { output += bytes }
        return String(decoding: output, as: UTF8.self)
    }

    private static let simple = [(name: "0.log", lines: ["1 o F one", "2 e F two", "3 o F three", "4 o F four"])]
    private static let pieces = [(name: "0.log", lines: ["1 o F a", "2 o P lo", "3 e F err", "4 o P ng", "5 o F !", "6 o P un"])]
    private static let rotated = [
        (name: "0.log.20260101-000000", lines: ["1 o F a", "2 o F b"]), (name: "0.log.20260101-000000.001", lines: ["3 o F c"]),
        (name: "0.log", lines: ["4 o F d", "5 o F e"]), (name: "1.log", lines: ["9 o F other"]),
        (name: "0.log.20260101-000000.tmp", lines: ["9 o F other"]),
    ]

    @Test(
        arguments: [
            (nil, "one\ntwo\nthree\nfour\n"), (0, ""), (1, "four\n"), (2, "three\nfour\n"), (4, "one\ntwo\nthree\nfour\n"),
            (9, "one\ntwo\nthree\nfour\n"),
        ] as [(Int64?, String)])
    func `the last lines`(count: Int64?, expected: String) throws {
        #expect(try Self.read(Self.simple) { $0.tailLines = count } == expected)
    }

    @Test(
        arguments: [
            (nil, "a\nb\nc\nd\ne\n"), (1, "e\n"), (2, "d\ne\n"), (3, "c\nd\ne\n"), (4, "b\nc\nd\ne\n"), (5, "a\nb\nc\nd\ne\n"), (0, ""),
        ] as [(Int64?, String)])
    func `lines of rotated files come before`(count: Int64?, expected: String) throws {
        #expect(try Self.read(Self.rotated) { $0.tailLines = count } == expected)
    }

    @Test(arguments: [(nil, "a\nloerr\nng!\nun"), (1, "un"), (2, "ng!\nun")] as [(Int64?, String)])
    func `pieces of a line are one line`(count: Int64?, expected: String) throws {
        // Of a line that is cut by another stream's the tail begins behind that.
        #expect(try Self.read(Self.pieces) { $0.tailLines = count } == expected)
    }

    @Test(arguments: [(1, "one\ntwo\nthree\nfour\n"), (3, "three\nfour\n"), (5, "")] as [(Int64, String)])
    func `since a time`(second: Int64, expected: String) throws {
        let start = try #require(Timestamp("2026-01-01T00:00:00Z"))
        #expect(try Self.read(Self.simple) { $0.since = start + .seconds(second) } == expected)
    }

    @Test func `times stand at the beginnings of lines`() throws {
        let text = try Self.read([(name: "0.log", lines: ["1 o P he", "2 o F llo", "3 e F x"])]) { $0.timestamps = true }
        #expect(text == "2026-01-01T00:00:01.000000001Z hello\n2026-01-01T00:00:03.000000001Z x\n")
    }

    @Test(arguments: [(1, "o"), (3, "one"), (4, "one\n"), (5, "one\nt"), (100, "one\ntwo\nthree\nfour\n")] as [(Int64, String)])
    func `so many bytes and no more`(limit: Int64, expected: String) throws {
        #expect(try Self.read(Self.simple) { $0.limitBytes = limit } == expected)
    }

    @Test(arguments: [(ContainerLogLine.Stream.stdout, "one\nthree\nfour\n"), (.stderr, "two\n")])
    func `one of the streams`(stream: ContainerLogLine.Stream, expected: String) throws {
        #expect(try Self.read(Self.simple) { $0.streams = [stream] } == expected)
    }

    @Test func `what is no entry is passed over, and other writers' forms are read`() {
        var lines = LogLines(LogOptions())
        var output: [UInt8] = []
        let text = "garbage\n\n2016-10-06T00:17:09.6697Z stdout F:x hello world\n2016-10-06T00:17:09.669794202Z stdout F \n"
        for byte in text.utf8 { lines.transform([byte], into: &output) }
        #expect(String(decoding: output, as: UTF8.self) == "hello world\n\n")
    }

    @Test func `nothing is lost over rotations while it is followed`() throws {
        let directory = try TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        let path = "\(directory.path)/0.log"
        var reader = LogReader(path: path, LogOptions())
        var output: [UInt8] = []
        func drain() { while let bytes = reader.next() { output += bytes } }
        var expected = ""
        for round in 0..<20 {
            // Several rotations between two looks: none of the files in between may be missed.
            for part in 0..<(round % 4 + 1) {
                let number = round * 10 + part
                try PodFiles.replace(path, Array(Self.entries(["1 o F line \(number)"]).utf8), mode: 0o600)
                expected += "line \(number)\n"
                try PodFiles.move(path, to: "\(path).20260101-0000\(100 + round).\(100 + part)")
            }
            if round % 3 == 0 { drain() }
        }
        try PodFiles.replace(path, Array(Self.entries(["1 o F last"]).utf8), mode: 0o600)
        drain()
        #expect(String(decoding: output, as: UTF8.self) == expected + "last\n")
    }

    @Test func `a large log's tail is found by going back through its blocks`() throws {
        let directory = try TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        let lines = (0..<20_000).map { "1 o F line \($0) " + String(repeating: "x", count: $0 % 200) }
        try PodFiles.replace("\(directory.path)/0.log", Array(Self.entries(lines).utf8), mode: 0o600)
        var options = LogOptions()
        options.tailLines = 5_000
        var reader = LogReader(path: "\(directory.path)/0.log", options)
        var output: [UInt8] = []
        while let bytes = reader.next() { output += bytes }
        let expected = lines.suffix(5_000).map { $0.dropFirst(6) + "\n" }.joined()
        #expect(String(decoding: output, as: UTF8.self) == expected)
    }
}
