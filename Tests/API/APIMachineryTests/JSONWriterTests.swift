import APIMachinery
import Testing

@Suite struct JSONWriterTests {
    @Test func `compact keeps the members' order`() {
        let value: JSONValue = ["b": [1, -20, nil, true], "a": ["x": "y"], "e": [:], "f": []]
        #expect(value.serializedText() == #"{"b":[1,-20,null,true],"a":{"x":"y"},"e":{},"f":[]}"#)
    }

    @Test func `pretty indents by the style`() {
        let value: JSONValue = ["a": [1, ["b": 2]], "e": [:], "f": []]
        #expect(
            value.serializedText(.pretty)
                == "{\n  \"a\": [\n    1,\n    {\n      \"b\": 2\n    }\n  ],\n  \"e\": {},\n  \"f\": []\n}")
        #expect(value.serializedText(JSONStyle(indent: 4)).contains("\n        1,"))
    }

    @Test(arguments: [
        ("plain é😀", #""plain é😀""#, #""plain é😀""#), ("\"\\/", #""\"\\/""#, #""\"\\/""#),
        ("\u{0}\u{8}\u{c}\n\r\t\u{1f}", #""\u0000\b\f\n\r\t\u001f""#, #""\u0000\b\f\n\r\t\u001f""#),
        ("<&>\u{2028}\u{2029}\u{20ac}", "\"<&>\u{2028}\u{2029}€\"", #""\u003c\u0026\u003e\u2028\u2029€""#),
    ])
    func `escapes strings`(text: String, plain: String, html: String) throws {
        #expect(JSONValue.string(text).serializedText() == plain)
        #expect(JSONValue.string(text).serializedText(JSONStyle(escapesHTML: true)) == html)
        #expect(try JSONValue(parsing: plain) == .string(text))
        #expect(try JSONValue(parsing: html) == .string(text))
    }

    @Test func `objects are equal in any order of members`() {
        let left: JSONValue = ["a": 1, "b": [1, 2]]
        let right: JSONValue = ["b": [1, 2], "a": 1]
        #expect(left == right)
        #expect(left.hashValue == right.hashValue)
        #expect(left != ["a": 1, "b": [2, 1]])
    }

    @Test func `members are set, replaced and removed by key`() {
        var value: JSONValue = ["a": 1, "b": 2]
        value["a"] = nil
        value["c"] = 3
        value["b"] = ["d": 4]
        #expect(value.serializedText() == #"{"b":{"d":4},"c":3}"#)
    }
}
