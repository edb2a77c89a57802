import APIMachinery
import Testing

@Suite struct JSONReaderTests {
    private static let values: [(String, JSONValue)] = [
        ("null", .null), (" true ", true), ("false", false), ("0", 0), ("-1", -1),
        ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
        (#""a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#, "a\"\\/\u{8}\u{c}\n\r\té😀"), ("[]", []), ("{}", [:]),
        ("[1,[2],{\"a\":null}]", [1, [2], ["a": nil]]), (#"{"b":1,"a":{"c":[]}}"#, ["b": 1, "a": ["c": []]]),
    ]

    @Test(arguments: values)
    func `reads values`(text: String, expected: JSONValue) throws {
        #expect(try JSONValue(parsing: text) == expected)
    }

    @Test(arguments: ["1.50", "1e400", "-0", "9223372036854775808", "-9223372036854775809", "1E+2", "0.1"])
    func `keeps the text of numbers that are no Int64`(text: String) throws {
        let value = try JSONValue(parsing: text)
        guard case .number(let number) = value else { return #expect(Bool(false), "\(value)") }
        #expect(number.text == text)
        #expect(value.serializedText() == text)
    }

    @Test(arguments: [
        ("", "1:1: the text ends in the middle of a value"),
        ("{\n  \"a\" 1}", "2:7: expected ':' after the member's name, found '1'"),
        ("[1 2]", "1:4: expected ',' or ']' after an element, found '2'"),
        ("[1,]", "1:4: expected a value, found ']'"),
        ("{\"a\":1,}", "1:8: expected a member's name in double quotes, found '}'"),
        ("{\"é\":1,\n \"b\":2, \"é\":3}", "2:9: duplicate key \"é\""),
        ("[1] x", "1:5: there is more text after the end of the value"),
        ("01", "1:1: not a number as JSON writes one"), ("-", "1:1: not a number as JSON writes one"),
        ("1.", "1:1: not a number as JSON writes one"), ("1e+", "1:1: not a number as JSON writes one"),
        ("+1", "1:1: expected a value, found '+'"), ("tru", "1:4: the text ends in the middle of a value"),
        ("\"a\nb\"", "1:3: unescaped control character in a string"),
        (#""\x""#, "1:2: unknown escape sequence in a string"), (#""\u12g4""#, "1:2: unknown escape sequence in a string"),
        (#""\ud800""#, "1:2: half of a surrogate pair in a string"),
        (#""\udc00\ud800""#, "1:2: half of a surrogate pair in a string"),
        ("\"abc", "1:5: the text ends in the middle of a value"), ("{a:1}", "1:2: expected a member's name in double quotes, found 'a'"),
    ])
    func `says what is wrong and where`(text: String, expected: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
        do throws(JSONError) { _ = try JSONValue(parsing: text) } catch { #expect("\(error)" == expected) }
    }

    @Test(arguments: [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]] as [[UInt8]])
    func `refuses what is not UTF-8`(bytes: [UInt8]) {
        let quoted: [UInt8] = [0x22, 0x61] + bytes + [0x22]
        do throws(JSONError) {
            _ = try JSONValue(parsing: quoted)
            #expect(Bool(false))
        } catch {
            #expect(error.reason == .invalidUTF8)
            #expect(error.offset == 2)
        }
    }

    @Test func `the last of equal keys wins when asked for, in the first's place`() throws {
        let options = JSONReadingOptions(duplicateKeys: .lastWins)
        let value = try JSONValue(parsing: #"{"a":1,"b":2,"a":3}"#, options: options)
        #expect(value.serializedText() == #"{"a":3,"b":2}"#)
    }

    @Test func `finds duplicates among many keys`() {
        let members = (0..<100).map { "\"k\($0)\":\($0)" } + ["\"k50\":0"]
        #expect(throws: JSONError.self) { try JSONValue(parsing: "{\(members.joined(separator: ","))}") }
    }

    @Test func `bounds depth and size`() throws {
        let deep = String(repeating: "[", count: 600) + String(repeating: "]", count: 600)
        do throws(JSONError) { _ = try JSONValue(parsing: deep) } catch { #expect(error.reason == .tooDeep(limit: 512)) }
        _ = try JSONValue(parsing: deep, options: JSONReadingOptions(maxDepth: 600))
        do throws(JSONError) {
            _ = try JSONValue(parsing: "[1,2]", options: JSONReadingOptions(maxBytes: 4))
            #expect(Bool(false))
        } catch { #expect(error.reason == .tooLarge(limitBytes: 4)) }
    }

    @Test func `never crashes on damaged text`() {
        let text = Array(#"{"a":[1,-2.5e3,"x\u00e9\n",{"b":null,"c":true}],"d":"é😀"}"#.utf8)
        var generator = SplitMix(state: 7)
        for _ in 0..<20_000 {
            var damaged = text
            for _ in 0...Int(generator.next() % 3) {
                damaged[Int(generator.next() % UInt64(damaged.count))] = UInt8(truncatingIfNeeded: generator.next())
            }
            let cut = Int(generator.next() % UInt64(damaged.count + 1))
            guard let value = try? JSONValue(parsing: Array(damaged[..<cut])) else { continue }
            #expect((try? JSONValue(parsing: value.serialized())) == value)
        }
    }
}

/// A small generator with a fixed start, so that a failure comes again.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
