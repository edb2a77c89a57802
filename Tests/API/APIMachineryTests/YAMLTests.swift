import APIMachinery
import Testing

@Suite struct YAMLTests {
    private static func json(_ text: String) throws -> [String] {
        try YAMLDocument.documents(parsing: Array(text.utf8)).map {
            #expect($0.problems.isEmpty, "\($0.problems)")
            return $0.json.serializedText()
        }
    }

    @Test(arguments: [
        ("a: 1\nb:\n- x\n- u: z\n  w: v\n", #"{"a":1,"b":["x",{"u":"z","w":"v"}]}"#),
        ("a:\n  - 1\n  -\n    - 2\n    - 3\n", #"{"a":[1,[2,3]]}"#), ("- - a\n  - b\n- c", #"[["a","b"],"c"]"#),
        ("a: {b: [1, 'x', \"y\"], c: }\n", #"{"a":{"b":[1,"x","y"],"c":null}}"#),
        ("{\"a\":1,\"b\":[true,null]}", #"{"a":1,"b":[true,null]}"#), ("[a: 1, b]", #"[{"a":1},"b"]"#),
        ("a: |\n  x\n   y\n\n  z\nb: 1\n", #"{"a":"x\n y\n\nz\n","b":1}"#),
        ("a: >\n  x\n  y\n\n  z\n   w\n  v\n", #"{"a":"x y\nz\n w\nv\n"}"#),
        ("a: |-\n  x\n\nb: |+\n  y\n\nc: |2\n    z\n", #"{"a":"x","b":"y\n\n","c":"  z\n"}"#),
        ("a: x\n  y\n\n  z # c\n", #"{"a":"x y\nz"}"#), ("a: \"x\n  y\\\n  z\\n\\u00e9\"\n", #"{"a":"x yz\né"}"#),
        ("a: 'it''s'\n", #"{"a":"it's"}"#), ("a: http://x:80/#y\n", ##"{"a":"http://x:80/#y"}"##),
        ("# c\n\na: b # d\n# e\n", #"{"a":"b"}"#), ("? a\n: b\n", #"{"a":"b"}"#), ("a:\n- 1\nb: 2", #"{"a":[1],"b":2}"#),
        ("x: &q {k: v}\nu: *q\nz: [*q]\n", #"{"x":{"k":"v"},"u":{"k":"v"},"z":[{"k":"v"}]}"#),
        ("b: &b\n  x: 1\n  u: 2\nc:\n  <<: *b\n  u: 3\n", #"{"b":{"x":1,"u":2},"c":{"u":3,"x":1}}"#),
        ("c:\n  <<: [{a: 1}, {a: 2, b: 3}]\n", #"{"c":{"a":1,"b":3}}"#), ("a: !!str 12\nb: !!int '7'\n", #"{"a":"12","b":7}"#),
        ("1: a\ntrue: b\n", #"{"1":"a","true":"b"}"#), ("\u{feff}a: b\r\nc: d\r\n", #"{"a":"b","c":"d"}"#),
    ])
    func `reads a document`(text: String, expected: String) throws { #expect(try Self.json(text) == [expected]) }

    @Test(arguments: [
        ("yes", "true"), ("Off", "false"), ("y", "true"), ("~", "null"), ("", "null"), ("0644", "420"), ("0o17", "15"),
        ("0x1F", "31"), ("0b101", "5"), ("1_000", "1000"), ("-7", "-7"), ("+7", "7"), ("1.50", "1.50"), (".5", "0.5"), ("1e3", "1e3"),
        ("089", "89.0"), ("2026-01-31", "\"2026-01-31\""), ("2026-01-31T00:00:00Z", "\"2026-01-31T00:00:00Z\""), ("1:30", "\"1:30\""),
        ("'yes'", "\"yes\""), ("\"1\"", "\"1\""), ("1Gi", "\"1Gi\""), ("500m", "\"500m\""), ("-", "[null]"), ("12e", "\"12e\""),
        ("18446744073709551615", "18446744073709551615"),
    ])
    func `scalars stand for what Kubernetes's clients take them for`(text: String, expected: String) throws {
        let documents = try YAMLDocument.documents(parsing: Array("a:\n  \(text)\n".utf8))
        #expect(documents.first?.json["a"]?.serializedText() == expected)
    }

    @Test func `reads several documents and leaves empty ones out`() throws {
        #expect(try Self.json("---\na: 1\n---\n# nothing\n---\nb: 2\n...\n---\n") == [#"{"a":1}"#, #"{"b":2}"#])
        #expect(try Self.json("%YAML 1.1\n---\na: 1\n") == [#"{"a":1}"#])
        #expect(try Self.json("") == [])
    }

    @Test(arguments: [
        ("a:\n\tb: 1\n", "2:2: found a tab character where indentation by spaces is expected"),
        ("a: b: c\n", "1:4: mapping values are not allowed here"), ("a: [1, 2\nb: 3\n", "2:2: expected ',' or ']'"),
        ("a: 1\n  b: 2\n", "2:4: mapping values are not allowed here"), ("a: \"x\n", "1:4: a quoted string without an end"),
        ("a: *x\n", "1:6: no anchor x stands before its alias"), ("a:\n    b: 1\n  c: 2\n", "3:3: indented deeper than what it belongs to"),
        ("a: @x\n", "1:4: found a character that cannot begin a value"), ("a: 'x' y\n", "1:8: expected the end of the line after a value"),
        ("- a\nb: 1\n", "2:1: expected the end of the document"), ("a: \u{1}\n", "1:4: control characters are not allowed"),
        ("a: \"\\q\"\n", "1:5: unknown escape sequence"), ("a: 1\n- b\n", "2:1: expected a key with ':' behind it"),
    ])
    func `says what is wrong and where`(text: String, expected: String) {
        do throws(YAMLError) {
            let nodes = try YAMLNode.documents(parsing: Array(text.utf8))
            #expect(Bool(false), "read as \(nodes.map { YAMLDocument($0).json })")
        } catch { #expect("\(error)" == expected) }
    }

    @Test(arguments: [
        ("a: 1\nb: 2\na: 3\n", "a", 3, "duplicate key: it stands already on line 1"),
        ("a: .inf\n", "a", 1, #"".inf" cannot be written in JSON"#),
        ("? [x]\n: 1\n", "", 1, "a key has to be a string"), ("a: !foo x\n", "a", 1, #""x" cannot be written in JSON as !foo"#),
        ("<<: 1\n", "", 1, "<< takes a mapping or a list of mappings"),
    ])
    func `tells what JSON cannot say`(text: String, path: String, line: Int, message: String) throws {
        let problem = try #require(YAMLDocument.documents(parsing: Array(text.utf8)).first?.problems.first)
        #expect(problem.path.description == path)
        #expect(problem.line == line)
        #expect(problem.message == message)
    }

    @Test func `knows the line of every field`() throws {
        let text = "# c\na:\n  - x: 1\n    u: |\n      t\n  - z\nm:\n  k/l: v\n"
        let document = try #require(YAMLDocument.documents(parsing: Array(text.utf8)).first)
        let places: [(FieldPath, Int)] = [
            (FieldPath("a"), 2), (FieldPath("a").index(0), 3), (FieldPath("a").index(0).child("u"), 4), (FieldPath("a").index(1), 6),
            (FieldPath("m").key("k/l"), 8), (FieldPath("a").index(0).child("missing"), 3), (.root, 2),
        ]
        for (path, line) in places { #expect(document.line(of: path) == line, "\(path)") }
    }

    @Test func `bounds aliases, depth and size`() {
        var bomb = "b0: &b0 [x,x,x,x,x,x,x,x,x,x]\n"
        for level in 1...9 {
            let aliases = Array(repeating: "*b\(level - 1)", count: 10).joined(separator: ",")
            bomb += "b\(level): &b\(level) [\(aliases)]\n"
        }
        #expect(throws: YAMLError.self) { try YAMLNode.documents(parsing: Array(bomb.utf8)) }
        #expect(throws: YAMLError.self) { try YAMLNode.documents(parsing: Array(repeating: UInt8(ascii: "["), count: 100_000)) }
        let dashes = String(repeating: "- ", count: 10_000)
        #expect(throws: YAMLError.self) { try YAMLNode.documents(parsing: Array(dashes.utf8)) }
        var options = YAMLReadingOptions()
        options.maxBytes = 3
        #expect(throws: YAMLError.self) { try YAMLNode.documents(parsing: Array("a: 1".utf8), options: options) }
    }

    @Test func `never crashes on damaged text`() {
        let text = Array("a: &x {b: [1, 'y', \"z\\n\"], ? c : |-}\nd:\n- *x\n- !!str >+2\n    t\n\n  u\n# c\n--- \n<<: ~\n".utf8)
        let pieces = Array(" \n\t:-?#&*!|>'\"[]{},%@`\\a1é".utf8)
        var generator = SplitMix(state: 11)
        for _ in 0..<20_000 {
            var damaged = text
            for _ in 0...Int(generator.next() % 4) {
                let index = Int(generator.next() % UInt64(damaged.count))
                damaged[index] = pieces[Int(generator.next() % UInt64(pieces.count))]
            }
            _ = try? YAMLDocument.documents(parsing: damaged)
        }
    }
}
