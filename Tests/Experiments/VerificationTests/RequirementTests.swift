import Testing

@testable import Verification

struct RequirementTests {
    @Test(arguments: [
        (Requirement.equals("1"), Reading.value("1"), true as Bool?), (.equals("1"), .value("2"), false),
        (.equals("a, b"), .list(["a", "b"]), true),
        (.oneOf(["1", "2"]), .value("2"), true), (.oneOf(["1", "2"]), .value("3"), false),
        (.sameMembers(["a", "b"]), .list(["b", "a"]), true),
        (.sameMembers(["a"]), .list(["a", "b"]), false), (.sameMembers([]), .absent, true), (.includes(["a"]), .list(["a", "b"]), true),
        (.includes(["c"]), .list(["a", "b"]), false), (.excludes(["c"]), .list(["a"]), true), (.excludes(["a"]), .list(["a"]), false),
        (.within(["/a", "/b/**"]), .list(["/a", "/b", "/b/c"]), true), (.within(["/a", "/b/**"]), .list(["/a", "/bc"]), false),
        (.matches("net:\\[[0-9]+\\]"), .value("net:[42]"), true), (.matches("[0-9]"), .value("42"), false),
        (.atLeast(5), .value("5"), true),
        (.atLeast(5), .value("max"), true), (.atLeast(5), .value("x"), false), (.atMost(5), .value("5"), true),
        (.atMost(5), .value("max"), false),
        (.absent, .absent, true), (.absent, .value(""), false), (.present, .value(""), true), (.present, .absent, false),
        (.equals(""), .absent, false),
        (.equals("1"), .unreadable("no"), nil), (.present, .unenforceable("v1"), nil),
    ])
    func `a reading meets a requirement or not`(wanted: Requirement, reading: Reading, expected: Bool?) {
        #expect(wanted.isMet(by: reading) == expected)
    }

    @Test func `what can't be in force is no success unless nobody asked for it`() {
        let finding = Finding(.unenforceable("memory controller on v1"), at: "memory.max")
        #expect(Item(Expectation("a", .equals("5"), why: ""), finding).state == .notEnforced)
        #expect(Item(Expectation("a", .equals("max"), why: "", isDefault: true), finding).state == .ok)
    }

    @Test func `what is missing differs, and what could not be read is unknown`() {
        var findings = Findings()
        findings.fail("web/process", SomeError(), at: "/proc/1")
        let items = Comparison.compare(
            [Expectation("web/uid", .equals("0"), why: ""), Expectation("other/uid", .equals("0"), why: "")], findings)
        #expect(items.map(\.state) == [.unknown, .differs])
    }

    struct SomeError: Error {}
}

struct ExpectFileTests {
    @Test func `each requirement is read`() throws {
        let text = """
            expect:
            - {path: a, equals: 5}
            - {path: b, oneOf: [left, right]}
            - {path: c, matches: "a.*"}
            - {path: d, atLeast: 3, why: because}
            - {path: e, absent: true}
            """
        let found = try ExpectFile.parse(Array(text.utf8), file: "f.yaml")
        #expect(found.map(\.wanted) == [.equals("5"), .oneOf(["left", "right"]), .matches("a.*"), .atLeast(3), .absent])
        #expect(found[3].why == "because")
    }

    @Test(arguments: [
        ("expect:\n- {path: a}\n", "f.yaml:2: expect[0]: needs exactly one of"),
        ("expect:\n- {equals: a}\n", "f.yaml:2: expect[0].path: required"),
        ("expect:\n- {path: a, same: b}\n", "f.yaml:2: expect[0].same: unknown requirement"),
        ("expect:\n- {path: a, matches: \"(\"}\n", "f.yaml:2: expect[0].matches: not a regular expression"),
        ("expect:\n- {path: a, atLeast: many}\n", "f.yaml:2: expect[0].atLeast: must be a whole number"),
        ("expected: []\n", "expected: unknown field"), ("- a\n", "must be a mapping"),
    ])
    func `a mistake is named with its line`(text: String, problem: String) {
        #expect {
            try ExpectFile.parse(Array(text.utf8), file: "f.yaml")
        } throws: { "\($0)".contains(problem) }
    }
}
