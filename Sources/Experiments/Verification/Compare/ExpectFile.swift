internal import APIMachinery

/// Assertions of a user's own beside what the manifest declares, a YAML file:
///
///     expect:
///     - path: web/cgroup/memory.max
///       equals: "67108864"
///     - path: pod/network/mtu[eth0]
///       atLeast: 1400
///       why: the VPN needs it
///
/// One requirement for each: `equals`, `oneOf`, `sameMembers`, `includes`, `excludes`, `within`, `matches` (an extended regular expression for the whole
/// value), `atLeast`, `atMost`, `absent: true`, `present: true`.
package enum ExpectFile {
    /// `file:line: field path: what is wrong`, one line for each problem.
    package struct Invalid: Error, CustomStringConvertible {
        package var problems: [String]
        package var description: String { problems.joined(separator: "\n") }
    }

    /// - Parameter file: For messages.
    package static func parse(_ bytes: [UInt8], file: String) throws(Invalid) -> [Expectation] {
        let documents: [YAMLDocument]
        do {
            documents = try YAMLDocument.documents(parsing: bytes)
        } catch {
            throw Invalid(problems: ["\(file):\(error)"])
        }
        var reader = Reader(file: file)
        for document in documents { reader.read(document) }
        guard reader.problems.isEmpty else { throw Invalid(problems: reader.problems) }
        return reader.expectations
    }

    private struct Reader {
        let file: String
        var expectations: [Expectation] = []
        var problems: [String] = []

        init(file: String) { self.file = file }

        private mutating func complain(_ document: YAMLDocument, _ path: FieldPath, _ what: String) {
            problems.append("\(file):\(document.line(of: path)): \(path): \(what)")
        }

        mutating func read(_ document: YAMLDocument) {
            guard let object = document.json.objectValue else {
                return complain(document, .root, "must be a mapping with the list `expect`")
            }
            for key in object.keys where key != "expect" { complain(document, FieldPath(key), "unknown field; there is only `expect`") }
            guard let entries = object["expect"]?.arrayValue else {
                return complain(document, FieldPath("expect"), "must be a list of {path, equals|oneOf|matches|atLeast|…}")
            }
            for (index, entry) in entries.enumerated() { read(entry, FieldPath("expect").index(index), document) }
        }

        private mutating func read(_ entry: JSONValue, _ path: FieldPath, _ document: YAMLDocument) {
            guard let object = entry.objectValue else {
                return complain(document, path, "must be a mapping with `path` and one requirement")
            }
            guard let item = object["path"]?.stringValue, !item.isEmpty else {
                return complain(
                    document, path.child("path"), "required: a path of the tree, as `swiftlet verify -o json --all-items` lists them")
            }
            let keys = object.keys.filter { $0 != "path" && $0 != "why" }
            guard keys.count == 1, let key = keys.first, let value = object[key] else {
                return complain(document, path, "needs exactly one of \(Self.names.joined(separator: ", ")); it has \(keys.count)")
            }
            switch Self.requirement(key, value) {
            case .success(let wanted):
                expectations.append(Expectation(item, wanted, why: object["why"]?.stringValue ?? "asked for in \(file)"))
            case .failure(let problem): complain(document, path.child(key), problem.text)
            }
        }

        private struct Problem: Error { var text: String }

        private static let names = [
            "equals", "oneOf", "sameMembers", "includes", "excludes", "within", "matches", "atLeast", "atMost", "absent", "present",
        ]

        private static func requirement(_ key: String, _ value: JSONValue) -> Result<Requirement, Problem> {
            func list(_ make: ([String]) -> Requirement) -> Result<Requirement, Problem> {
                guard let members = value.arrayValue?.map(text) else { return .failure(Problem(text: "must be a list")) }
                return .success(make(members))
            }
            func number(_ make: (Int64) -> Requirement) -> Result<Requirement, Problem> {
                guard let number = value.integerValue else { return .failure(Problem(text: "must be a whole number")) }
                return .success(make(number))
            }
            switch key {
            case "equals": return .success(.equals(text(value)))
            case "oneOf": return list { .oneOf($0) }
            case "sameMembers": return list { .sameMembers($0) }
            case "includes": return list { .includes($0) }
            case "excludes": return list { .excludes($0) }
            case "within": return list { .within($0) }
            case "matches":
                let expression = text(value)
                guard RegularExpression.matches(expression, "") != nil else {
                    return .failure(Problem(text: "not a regular expression, regex(7)"))
                }
                return .success(.matches(expression))
            case "atLeast": return number { .atLeast($0) }
            case "atMost": return number { .atMost($0) }
            case "absent", "present":
                guard value.boolValue == true else { return .failure(Problem(text: "must be true")) }
                return .success(key == "absent" ? .absent : .present)
            default: return .failure(Problem(text: "unknown requirement; there are \(names.joined(separator: ", "))"))
            }
        }

        private static func text(_ value: JSONValue) -> String { value.stringValue ?? (value.isNull ? "" : "\(value)") }
    }
}
