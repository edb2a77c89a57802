import Testing

@testable import PodSupervisor

/// What the cutter makes of input, its 40 bytes of prefix shortened to `F ` or `P `.
private func cut(_ input: [UInt8], atEnd: Bool, room: Int = 1 << 20) -> (entries: [String], rest: Int) {
    var prefix = LogPrefix()
    prefix.set(nanosecondsSince1970: 0, stream: .stdout)
    var output = [UInt8](repeating: 0, count: room)
    var entries: [String] = []
    var consumed = 0
    input.withUnsafeBytes { input in
        var cutter = LineCutter(input, atEnd: atEnd)
        while !cutter.isDone {
            let count = output.withUnsafeMutableBytes { cutter.fill($0, prefix: prefix.bytes) }
            if count == 0 { break }
            let lines = output[..<count].split(separator: 0x0a, omittingEmptySubsequences: false).dropLast()
            entries += lines.map { String(decoding: $0.dropFirst(LogPrefix.tagIndex), as: UTF8.self) }
        }
        consumed = cutter.consumed
    }
    return (entries, input.count - consumed)
}

struct LineCutterTests {
    @Test(
        arguments: [
            ("", false, [], 0), ("a\n", false, ["F a"], 0), ("a\nb\n", false, ["F a", "F b"], 0), ("\n", false, ["F "], 0),
            ("\n\n", false, ["F ", "F "], 0), ("a\nb", false, ["F a"], 1), ("a\nb", true, ["F a", "P b"], 0), ("a", true, ["P a"], 0),
            ("a\r\n", false, ["F a\r"], 0), ("a\n", true, ["F a"], 0), ("", true, [], 0),
        ] as [(String, Bool, [String], Int)])
    func `lines become entries`(input: String, atEnd: Bool, expected: [String], rest: Int) {
        let result = cut(Array(input.utf8), atEnd: atEnd)
        #expect(result.entries == expected)
        #expect(result.rest == rest)
    }

    /// Lengths of pieces, negative for partial ones. containerd's rule: only what is longer than 16 KiB is cut.
    @Test(arguments: [
        (16_383, true, false, [16_383]), (16_384, true, false, [16_384]), (16_385, true, false, [-16_384, 1]),
        (32_768, true, false, [-16_384, 16_384]), (32_769, true, false, [-16_384, -16_384, 1]), (16_384, false, false, []),
        (16_385, false, false, [-16_384]), (16_384, false, true, [-16_384]), (40_000, false, true, [-16_384, -16_384, -7_232]),
    ])
    func `long lines come in pieces of 16 KiB`(length: Int, newline: Bool, atEnd: Bool, expected: [Int]) {
        let result = cut([UInt8](repeating: 0x78, count: length) + (newline ? [0x0a] : []), atEnd: atEnd)
        #expect(result.entries.map { $0.hasPrefix("P ") ? 2 - $0.utf8.count : $0.utf8.count - 2 } == expected)
    }

    @Test func `NUL and bytes that are no UTF-8 pass as they are`() {
        let input: [UInt8] = [0, 0xff, 0x80, 0, 0x0a]
        var output = [UInt8](repeating: 0, count: 100)
        let count = input.withUnsafeBytes { input in
            var cutter = LineCutter(input, atEnd: false)
            return output.withUnsafeMutableBytes { cutter.fill($0, prefix: [UInt8](repeating: 0x70, count: 40)) }
        }
        #expect(Array(output[40..<count]) == input)
    }

    @Test func `output in small portions is the same`() {
        let input = Array((0..<200).map { String(repeating: "x", count: $0) + "\n" }.joined().utf8)
        #expect(cut(input, atEnd: false, room: 240).entries == cut(input, atEnd: false).entries)
    }

    @Test func `an entry that does not fit is not begun`() {
        let result = cut(Array("abc\n".utf8), atEnd: false, room: 43)
        #expect(result.entries.isEmpty && result.rest == 4)
    }

    @Test(arguments: [(0, 6), (41, 5), (44, 2), (45, 2), (84, 2), (85, 1), (86, 0), (87, 0)])
    func `payload is counted behind an offset`(offset: Int, expected: UInt64) {
        let prefix = Array("2026-01-02T03:04:05.123456789Z stdout F ".utf8)
        var partial = prefix
        partial[LogPrefix.tagIndex] = UInt8(ascii: "P")
        let entries = prefix + Array("abc\n".utf8) + partial + Array("de\n".utf8)  // payload "abc\n" and "de"
        #expect(entries.count == 87)
        #expect(entries.withUnsafeBytes { LogEntries.payloadBytes(in: $0, from: offset) } == expected)
    }
}
