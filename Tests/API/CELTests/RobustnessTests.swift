import APIMachinery
@testable import CEL
import Testing

/// Whatever the text, the answer is a value or an error.
@Suite struct RobustnessTests {
    /// The same texts in every run: xorshift.
    struct Generator: RandomNumberGenerator {
        var state: UInt64 = 0x9e37_79b9_7f4a_7c15
        mutating func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
    }

    static let words = [
        "self", "x", "1", "0", "-", "2.5", "3u", "'a'", "b'b'", "r'\\d+'", "true", "false", "null", "[", "]", "{", "}", "(", ")", ".", ",",
        ":", "?", "&&", "||", "!", "==", "<", ">=", "+",
        "*", "/", "%", " in ", "has(", ".all(x, ", ".map(x, ", ".exists(x, ", ".filter(x, ", "size(", ".matches(", ".split(", ".substring(",
        ".format([", "duration('1h')", "timestamp('2023-01-01T00:00:00Z')", "int(", "string(",
        "quantity('1')", "ip('::1')", "optional.of(", ".?a", "[?0]", ".orValue(", "cel.bind(x, ", "type(", "dyn(", ".a", "['a']",
        "9223372036854775807", "lists.range(", ".flatten()", ".sort()", ".sortBy(x, ", "math.greatest(", "url('a:b')",
        ".getHours('Europe/Berlin')", ".transformMapEntry(k, v, ", "\n", "//", "\"\"\"", "é", "\u{0}", "_", "`", "@in", "Object{",
        "semver('1.0.0')", "format.named('uri')", ".replace(", ".indexOf(",
    ]

    @Test func `random texts neither trap nor hang`() {
        var generator = Generator()
        for _ in 0..<6_000 {
            let count = Int.random(in: 1...14, using: &generator)
            let source = (0..<count).map { _ in Self.words.randomElement(using: &generator) ?? "" }.joined()
            _ = evaluated(source, ["self": ["a": [1, "b", nil], "b": ["c": true]], "x": 7])
        }
    }

    @Test func `random bytes neither trap nor hang`() {
        var generator = Generator(state: 42)
        for _ in 0..<3_000 {
            let bytes = (0..<Int.random(in: 0...40, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
            _ = evaluated(String(decoding: bytes, as: UTF8.self))
            _ = try? PatternProgram(String(decoding: bytes, as: UTF8.self)).all(in: "some text 123")
        }
    }

    @Test func `random patterns neither trap nor hang`() {
        var generator = Generator(state: 7)
        let parts = [
            "a", "b", ".", "*", "+", "?", "{2}", "{1,3}", "(", ")", "(?:", "(?i)", "|", "[", "]", "^", "$", "\\d", "\\b", "-", "[^",
            "[:alpha:]", "\\x41", "\\pL", "{", ",", "}", "?",
        ]
        for _ in 0..<4_000 {
            let pattern = (0..<Int.random(in: 1...10, using: &generator)).map { _ in parts.randomElement(using: &generator) ?? "" }.joined()
            _ = try? PatternProgram(pattern).all(in: "aabab a1b")
        }
    }
}
