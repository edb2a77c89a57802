import APIMachinery
@testable import CEL
import Testing

@Suite struct CheckingTests {
    static let schema: JSONValue = [
        "type": "object",
        "properties": [
            "a": ["type": "integer"], "s": ["type": "string"], "d": ["type": "number"],
            "list": ["type": "array", "items": ["type": "string"]],
            "set": ["type": "array", "x-kubernetes-list-type": "set", "items": ["type": "string"]],
            "items": [
                "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"],
                "items": ["type": "object", "properties": ["k": ["type": "string"], "v": ["type": "integer"]]],
            ],
            "map": ["type": "object", "additionalProperties": ["type": "integer"]], "port": ["x-kubernetes-int-or-string": true],
            "any": ["type": "object", "x-kubernetes-preserve-unknown-fields": true], "when": ["type": "string", "format": "date-time"],
            "span": ["type": "string", "format": "duration"], "data": ["type": "string", "format": "byte"], "foo-bar": ["type": "string"],
            "namespace": ["type": "string"], "a__b": ["type": "integer"], "null": ["type": "string", "nullable": true],
        ],
    ]

    func problem(_ source: String) -> String {
        var environment = CELEnvironment()
        environment.declare("self", CELSchema(structural: Self.schema)?.type ?? .dynamic)
        do {
            return try CELProgram.compile(source, in: environment).resultType.description
        } catch {
            return error.description
        }
    }

    @Test(arguments: [
        ("self.b > 1", "1:5: undefined field 'b'\n | self.b > 1\n | ....^"),
        ("self.a == 'x'", "1:8: found no matching overload for '_==_' applied to '(int, string)'\n | self.a == 'x'\n | .......^"),
        ("self.(", "1:6: Syntax error: no viable alternative at input '.('\n | self.(\n | .....^"),
        ("x", "1:1: undeclared reference to 'x' (in container '')\n | x\n | ^"),
        ("f(1)", "1:2: undeclared reference to 'f' (in container '')\n | f(1)\n | .^"),
        ("self.a.b", "1:7: type 'int' does not support field selection\n | self.a.b\n | ......^"),
        ("size(1)", "1:5: found no matching overload for 'size' applied to '(int)'\n | size(1)\n | ....^"),
        (
            "self.s.startsWith(1)",
            "1:18: found no matching overload for 'startsWith' applied to 'string.(int)'\n | self.s.startsWith(1)\n | .................^"
        ),
        ("[1, 'a']", "1:5: expected type 'int' but found 'string'\n | [1, 'a']\n | ....^"),
        (
            "1 +",
            "1:4: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | 1 +\n | ...^"
        ),
        (
            "self.a.all(x, true)",
            "1:5: expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)\n | self.a.all(x, true)\n | ....^"
        ),
        ("self.list.all(x.y, true)", "1:16: argument must be a simple name\n | self.list.all(x.y, true)\n | ...............^"),
        ("has(self)", "1:5: invalid argument to has() macro\n | has(self)\n | ....^"),
        ("a b", "1:3: Syntax error: extraneous input 'b' expecting <EOF>\n | a b\n | ..^"),
        ("if", "1:1: reserved identifier: if\n | if\n | ^"), ("1 $", "1:3: Syntax error: token recognition error at: '$'\n | 1 $\n | ..^"),
        ("99999999999999999999", "1:1: invalid int literal\n | 99999999999999999999\n | ^"),
        ("self.any.x", "1:9: undefined field 'x'\n | self.any.x\n | ........^"),
        ("self.a &&\n  self.s", "1:8: found no matching overload for '_&&_' applied to '(int, string)'\n | self.a &&\n | .......^"),
        ("Object{}", "1:7: undeclared reference to 'Object' (in container '')\n | Object{}\n | ......^"),
        ("has(self.zz)", "1:4: undefined field 'zz'\n | has(self.zz)\n | ...^"),
        ("(1", "1:3: Syntax error: missing ')' at '<EOF>'\n | (1\n | ..^"),
    ])
    func `errors show their place`(source: String, expected: String) {
        #expect(problem(source) == "compilation failed: ERROR: <input>:" + expected)
    }

    @Test func `all errors are told, in the order of their places`() {
        #expect(
            problem("self.x + self.y") == """
                compilation failed: ERROR: <input>:1:5: undefined field 'x'
                 | self.x + self.y
                 | ....^
                ERROR: <input>:1:14: undefined field 'y'
                 | self.x + self.y
                 | .............^
                """)
    }

    @Test(arguments: [
        ("self.a", "int"), ("self.d", "double"), ("self.list", "list(string)"), ("self.map", "map(string, int)"), ("self.port", "dyn"),
        ("self.when", "timestamp"),
        ("self.span", "duration"), ("self.data", "bytes"), ("self.foo__dash__bar", "string"), ("self.__namespace__", "string"),
        ("self.a__underscores__b", "int"), ("self.items", "list(object)"),
        ("self.items[0].v", "int"), ("self.list.map(x, size(x))", "list(int)"), ("self.list.filter(x, x != '')", "list(string)"),
        ("true ? 1 : 2", "int"), ("self.?a", "optional_type(int)"),
        ("self.?a.orValue(1)", "int"), ("self.items.map(i, i.k).join(',')", "string"), ("[]", "list(dyn)"),
        ("{'a': 1}", "map(string, int)"), ("type(1)", "type(int)"), ("self.port == 1 || self.port == 'x'", "bool"),
        ("self.map['x'] + 1", "int"), ("self.map.x", "int"), ("self.items.transformMapEntry(i, v, {v.k: v.v})", "map(string, int)"),
        ("quantity('1')", "kubernetes.Quantity"), ("dyn(1)", "dyn"),
        ("self.list.exists_one(x, x == 'a')", "bool"), ("1 < 1.5", "bool"), ("cel.bind(x, self.a, x + 1)", "int"),
        ("self.list + ['x']", "list(string)"), ("optional.none().orValue(1)", "int"),
    ])
    func `types of expressions`(source: String, expected: String) { #expect(problem(source) == expected) }

    func typed(_ source: String, _ value: JSONValue, old: JSONValue? = nil) -> String {
        guard let schema = CELSchema(structural: Self.schema) else { return "no schema" }
        var environment = CELEnvironment()
        environment.declare("self", schema.type)
        environment.declare("oldSelf", schema.type)
        do {
            var budget = CELBudget()
            var variables = ["self": CELValue(value, schema: schema)]
            if let old { variables["oldSelf"] = CELValue(old, schema: schema) }
            return try shown(CELProgram.compile(source, in: environment).evaluate(variables, budget: &budget))
        } catch {
            return "! \(error)"
        }
    }

    @Test func `values follow their schema`() {
        let value: JSONValue = [
            "a": 1, "d": 2, "when": "2023-01-01T00:00:00Z", "span": "90s", "data": "aGk=", "foo-bar": "x", "namespace": "n", "a__b": 3,
            "set": ["a", "b"],
            "items": [["k": "x", "v": 1], ["k": "y", "v": 2]], "map": ["p": 1], "port": "http", "null": nil,
        ]
        let cases = [
            ("self.d", "2.0"), ("self.when.getFullYear()", "2023"), ("self.span.getMinutes()", "1"), ("self.data", "b\"hi\""),
            ("self.foo__dash__bar", "\"x\""),
            ("self.__namespace__", "\"n\""), ("self.a__underscores__b", "3"), ("self.set == ['b', 'a']", "true"),
            ("self.set + ['b', 'c']", "[\"a\", \"b\", \"c\"]"),
            ("self.items == oldSelf.items", "true"), ("self.items + oldSelf.items == self.items", "true"), ("self.map.p", "1"),
            ("has(self.s)", "false"), ("self.s", "! no such key: s"),
            ("has(self.foo__dash__bar)", "true"), ("self.port == 'http'", "true"), ("has(self.__null__)", "true"),
            ("self.__null__", "null"), ("self == self", "true"), ("self == oldSelf", "false"), ("self.map == oldSelf.map", "false"),
            ("self.list.all(x, true)", "! no such key: list"), ("type(self.port) == string", "true"),
        ]
        let old: JSONValue = ["items": [["k": "y", "v": 2], ["k": "x", "v": 1]], "map": [:]]
        for (source, expected) in cases { #expect(typed(source, value, old: old) == expected, "\(source)") }
    }

    @Test func `mutations construct objects`() throws {
        var environment = CELEnvironment()
        environment.allowsMutations = true
        func result(_ source: String) throws -> CELValue {
            var budget = CELBudget()
            return try CELProgram.compile(source, in: environment).evaluate([:], budget: &budget)
        }
        let object = try result(
            "Object{metadata: Object.metadata{labels: {'a': 'b'}}, spec: Object.spec{?replicas: optional.none(), n: 1u}}")
        #expect(object.json == ["metadata": ["labels": ["a": "b"]], "spec": ["n": 1]])
        #expect(MutationTypes.problem(in: object) == nil)
        #expect(MutationTypes.problem(in: try result("Object{spec: Object.status{}}"))?.contains("unexpected type name") == true)
        #expect(try result("[JSONPatch{op: 'add', path: '/a', value: 1}]").json == [["op": "add", "path": "/a", "value": 1]])
        #expect(throws: CELCompileError.self) { try result("JSONPatch{oops: 1}") }
        #expect(throws: CELCompileError.self) { try result("JSONPatch{op: 1}") }
    }

    @Test func `an expected type is asked for`() {
        #expect(throws: CELCompileError(.result, "must evaluate to bool")) {
            try CELProgram.compile("1", in: CELEnvironment(), expecting: [.bool])
        }
        #expect(throws: CELCompileError(.result, "must evaluate to one of [string null]")) {
            try CELProgram.compile("1", in: CELEnvironment(), expecting: [.string, .null])
        }
    }
}
