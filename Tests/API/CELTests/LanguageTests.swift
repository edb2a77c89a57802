import APIMachinery
@testable import CEL
import Testing

@Suite struct LanguageTests {
    @Test(arguments: [
        ("1 + 2 * 3", "7"), ("(1 + 2) * 3", "9"), ("-7 / 2", "-3"), ("-7 % 2", "-1"), ("7u / 2u", "3u"), ("1.5 + 1.5", "3.0"),
        ("--1", "1"), ("!!true", "true"), ("!true", "false"), ("0x1F", "31"), ("0xFFu", "255u"), ("1e3", "1000.0"), (".5 * 2.0", "1.0"),
        ("-9223372036854775808", "-9223372036854775808"), ("9223372036854775807 + 1", "! integer overflow"),
        ("-9223372036854775808 - 1", "! integer overflow"), ("-(-9223372036854775808)", "! integer overflow"),
        ("1u - 2u", "! unsigned integer overflow"), ("1 / 0", "! division by zero"), ("1 % 0", "! modulus by zero"),
        ("1.0 / 0.0", "+Inf"), ("1 < 2.5", "true"), ("2u >= 2", "true"), ("-1 < 1u", "true"), ("'a' < 'b'", "true"),
        ("1 in [1, 2]", "true"),
        ("'x' in {'x': 1}", "true"), ("true ? 1 : 2", "1"), ("false ? 1 : true ? 2 : 3", "2"), ("[1, 2][1]", "2"),
        ("[1][1]", "! index out of bounds: 1"),
        ("{'a': 1}.a", "1"), ("{'a': 1}['b']", "! no such key: b"), ("{'a': 1}.b", "! no such key: b"), ("has({'a': 1}.a)", "true"),
        ("has({'a': 1}.b)", "false"), ("[1] + [2]", "[1, 2]"), ("'a' + 'b'", "\"ab\""), ("b'a' + b'b'", "b\"ab\""),
        ("null == null", "true"),
        ("{1: 'a', 2u: 'b'}[2]", "! compile"), ("type(1) == int", "true"), ("type(type(1))", "type"), ("[1, 2, 3].size()", "3"),
        ("size('äöü')", "3"), ("size(b'äöü')", "6"), ("dyn(1) == 1.0", "true"), ("dyn(1) == 1u", "true"), ("dyn('1') == 1", "false"),
        ("[1, 2] == [1, 2]", "true"), ("{'a': [1]} == {'a': [1]}", "true"), ("dyn([1, 2.0]) == [1.0, 2.0]", "! compile"),
        ("// words\n1 // more", "1"),
    ])
    func `values of expressions`(source: String, expected: String) {
        let result = evaluated(source)
        if expected == "! compile" { #expect(result.hasPrefix("! compilation failed")) } else { #expect(result == expected) }
    }

    @Test(arguments: [
        (#""a\n\x41\u00e4\U0001F600\101""#, "\"a\\nAä😀A\""), (#"r"\n""#, #""\\n""#), (#"'''a'b"c'''"#, #""a'b\"c""#),
        ("\"\"\"a\nb\"\"\"", "\"a\\nb\""), (#"b"\xff\101" == bytes('x')"#, "false"), (#"size(b"\xff\377")"#, "2"), (#"rb'\x'.size()"#, "2"),
        (#"'\''"#, "\"'\""),
    ])
    func `literals of text`(source: String, expected: String) { #expect(evaluated(source) == expected) }

    @Test(arguments: [
        ("false && (1 / 0 == 1)", "false"), ("(1 / 0 == 1) && false", "false"), ("true || (1 / 0 == 1)", "true"),
        ("(1 / 0 == 1) || true", "true"),
        ("(1 / 0 == 1) && true", "! division by zero"), ("(1 / 0 == 1) || false", "! division by zero"), ("true ? 1 : 1 / 0", "1"),
        ("[1, 0].all(x, 1 / x == 5)", "false"), ("[0, 1].all(x, 1 / x == 1)", "! division by zero"),
        ("[0, 1].exists(x, 1 / x == 1)", "true"),
        ("[0, 2].exists(x, 1 / x == 1)", "! division by zero"), ("dyn(1) && true", "! no such overload"),
    ])
    func `an error counts only where it decides`(source: String, expected: String) { #expect(evaluated(source) == expected) }

    @Test(arguments: [
        ("[1, 2, 3].all(x, x > 0)", "true"), ("[1, 2, 3].exists(x, x > 2)", "true"), ("[1, 2, 3].exists_one(x, x > 2)", "true"),
        ("[1, 2, 3].exists_one(x, x > 1)", "false"), ("[1, 2, 3].map(x, x * x)", "[1, 4, 9]"), ("[1, 2, 3].map(x, x > 1, x * x)", "[4, 9]"),
        ("[1, 2, 3].filter(x, x != 2)", "[1, 3]"), ("{'a': 1, 'b': 2}.map(k, k)", "[\"a\", \"b\"]"),
        ("[[1], [2, 3]].map(x, x.map(y, y + 1))", "[[2], [3, 4]]"),
        ("[].all(x, false)", "true"), ("cel.bind(a, 2, a * a)", "4"),
        ("cel.bind(a, [1, 2], a.map(x, cel.bind(b, x + 1, b * 10)))", "[20, 30]"),
        ("[3, 4].all(i, v, i < v)", "true"), ("{'a': 1}.exists(k, v, k == 'a' && v == 1)", "true"),
        ("[5, 6].transformList(i, v, i * v)", "[0, 6]"),
        ("[5, 6].transformList(i, v, i > 0, v)", "[6]"), ("{'a': 1, 'b': 2}.transformMap(k, v, v * 2)", "{\"a\": 2, \"b\": 4}"),
        ("{'a': 'x'}.transformMapEntry(k, v, {v: k})", "{\"x\": \"a\"}"),
        ("['a', 'a'].transformMapEntry(i, v, {v: i})", "! insert failed: key a already exists"),
    ])
    func `macros`(source: String, expected: String) { #expect(evaluated(source) == expected) }

    @Test(arguments: [
        ("o.?a", "optional(1)"), ("o.?z", "optional.none()"), ("o.?z.y", "optional.none()"), ("o.?b.c", "optional(2)"),
        ("o.?b.?z.orValue(7)", "7"),
        ("o[?'a'].value()", "1"), ("o.?z.value()", "! optional.none() dereference"), ("o.?a.hasValue()", "true"),
        ("o.?z.or(o.?a).value()", "1"),
        ("o.?a.orValue(1 / 0)", "1"), ("optional.of(1)", "optional(1)"), ("optional.none().hasValue()", "false"),
        ("optional.ofNonZeroValue('')", "optional.none()"),
        ("o.?a.optMap(x, x + 1)", "optional(2)"), ("o.?z.optMap(x, x + 1)", "optional.none()"), ("o.?b.optFlatMap(x, x.?c)", "optional(2)"),
        ("[?o.?a, ?o.?z, 3]", "[1, 3]"), ("{?'a': o.?a, ?'b': o.?z}", "{\"a\": 1}"), ("[1, 2][?5]", "optional.none()"),
        ("[1, 2][?1]", "optional(2)"),
        ("optional.of(1) == optional.of(1)", "true"), ("has(o.?b.c)", "true"),
    ])
    func `optional values`(source: String, expected: String) {
        #expect(evaluated(source, ["o": ["a": 1, "b": ["c": 2]]]) == expected)
    }

    @Test func `a chain of any length is no deep tree, and brackets end at a limit`() {
        let many = Array(repeating: "false", count: 5_000).joined(separator: " || ")
        #expect(evaluated(many) == "false")
        let deep = String(repeating: "(", count: 1_000) + "1" + String(repeating: ")", count: 1_000)
        #expect(evaluated(deep).contains("expression recursion limit exceeded: 250"))
        #expect(evaluated(Array(repeating: "1", count: 10_000).joined(separator: "+")).contains("expression recursion limit exceeded: 250"))
        #expect(evaluated(String(repeating: "[", count: 50_000)).contains("expression recursion limit exceeded: 250"))
        #expect(evaluated(String(repeating: "-", count: 50_001) + "x", ["x": 1]) == "-1")
        #expect(evaluated(String(repeating: " ", count: 100_001)).contains("code point size exceeds limit"))
        let right = Array(repeating: "true ? 1 : ", count: 200).joined() + "2"
        #expect(evaluated(right) == "1")
        let nested = String(repeating: "[1].map(x, ", count: 100) + "1" + String(repeating: ")", count: 100)
        #expect(evaluated(nested).hasPrefix("[[["))
    }

    @Test func `what costs too much is cut off`() {
        let list = "[1,2,3,4,5,6,7,8,9,10]"
        let loops =
            "\(list).all(a, \(list).all(b, \(list).all(c, \(list).all(d, \(list).all(e, \(list).all(f, a + b + c + d + e + f > 0))))))"
        #expect(evaluated(loops) == "! operation cancelled: actual cost limit exceeded")
        #expect(evaluated("(\(loops)) || true") == "! operation cancelled: actual cost limit exceeded")
        let doubled = (0..<40).reduce("s39") { inner, level in
            "cel.bind(s\(39 - level), \(level == 39 ? "'xxxxxxxxxx'" : "s\(38 - level) + s\(38 - level)"), \(inner))"
        }
        #expect(evaluated("size(\(doubled))") == "! operation cancelled: actual cost limit exceeded")
        var budget = CELBudget(remaining: 5)
        #expect(throws: CELEvaluationError.self) {
            try CELProgram.compile("[1, 2, 3].all(x, x > 0)", in: CELEnvironment()).evaluate([:], budget: &budget)
        }
        #expect(budget.remaining < 0)
    }
}
