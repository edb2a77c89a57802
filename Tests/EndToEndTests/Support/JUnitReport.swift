import Foundation

/// As much of a JUnit report as CI systems read, taken with their strictness: it must be well-formed XML.
struct JUnitReport {
    struct Case { var name: String, isFailed: Bool }
    private(set) var cases: [Case] = []
    private(set) var declaredTests = 0
    private(set) var declaredFailures = 0

    init(_ text: String) throws {
        let program = """
            import sys, json, xml.etree.ElementTree as tree
            root = tree.fromstring(sys.stdin.read())
            suites = [root] if root.tag == "testsuite" else list(root.iter("testsuite"))
            cases = [[c.get("name"), c.find("failure") is not None or c.find("error") is not None] for s in suites for c in s.iter("testcase")]
            print(json.dumps({"tests": sum(int(s.get("tests")) for s in suites), "failures": sum(int(s.get("failures")) for s in suites),
                              "names": [c[0] for c in cases], "failed": [c[1] for c in cases]}))
            """
        let file = FileManager.default.temporaryDirectory.appending(path: "swiftlet-e2e-\(UUID().uuidString).xml")
        try text.write(to: file, atomically: false, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let result = try Program.run("/bin/sh", ["-c", "python3 -c \"$1\" < \"$2\"", "sh", program, file.path])
        guard result.status == 0 else { throw Machine.Failure(description: "no JUnit report: \(result.stderr)\(text)") }
        struct Answer: Decodable {
            var tests: Int
            var failures: Int
            var names: [String]
            var failed: [Bool]
        }
        let answer = try JSONDecoder().decode(Answer.self, from: Data(result.stdout.utf8))
        cases = zip(answer.names, answer.failed).map { Case(name: $0, isFailed: $1) }
        declaredTests = answer.tests
        declaredFailures = answer.failures
    }
}
