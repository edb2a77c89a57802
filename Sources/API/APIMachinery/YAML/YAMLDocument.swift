/// A YAML document as a JSON value, with the line on which each of its fields stands.
package struct YAMLDocument: Sendable {
    /// Something that YAML can say and JSON cannot, or that a reader would overlook.
    package struct Problem: Hashable, Sendable {
        package var path: FieldPath
        package var line: Int
        package var message: String
        /// A key that its mapping has already: the later one counts.
        package var isDuplicateKey = false
    }

    package let json: JSONValue
    /// Where the document's content begins; from 1.
    package let line: Int
    package let problems: [Problem]
    /// Members are named by `.field`, whether of a structure or of a map.
    private let lines: [FieldPath: Int]

    package init(_ node: YAMLNode) {
        var converter = YAMLConverter()
        json = converter.value(of: node)
        line = node.line
        problems = converter.problems
        lines = converter.lines
    }

    /// Reads a stream of documents. Those without content are left out.
    package static func documents(
        parsing bytes: [UInt8], options: YAMLReadingOptions = .init()
    ) throws(YAMLError) -> [YAMLDocument] {
        try YAMLNode.documents(parsing: bytes, options: options).map { YAMLDocument($0) }
            .filter { !$0.json.isNull || !$0.problems.isEmpty }
    }

    /// The line of a field, or, where it is missing, of the nearest field around it.
    package func line(of path: FieldPath) -> Int {
        var elements = path.elements.map { element in
            if case .key(let key) = element { FieldPath.Element.field(key) } else { element }
        }
        while true {
            if let line = lines[FieldPath(elements)] { return line }
            if elements.popLast() == nil { return line }
        }
    }
}

/// Turns nodes into values and notes lines and problems on the way.
private struct YAMLConverter {
    var problems: [YAMLDocument.Problem] = []
    var lines: [FieldPath: Int] = [:]
    private var path = FieldPath.root

    mutating func value(of node: YAMLNode) -> JSONValue {
        if lines[path] == nil { lines[path] = node.line }
        switch node.content {
        case .scalar(let text, let style):
            if let value = YAMLScalar.value(text, style, tag: node.tag) { return value }
            report(node.line, "\(text.quoted) cannot be written in JSON" + (node.tag.map { " as \($0)" } ?? ""))
            return .null
        case .sequence(let elements):
            checkTag(of: node, isOneOf: ["tag:yaml.org,2002:seq"])
            return .array(elements.enumerated().map { value(of: $0.element, at: .index($0.offset)) })
        case .mapping(let pairs):
            checkTag(of: node, isOneOf: ["tag:yaml.org,2002:map"])
            return .object(object(of: pairs))
        }
    }

    private mutating func value(of node: YAMLNode, at element: FieldPath.Element) -> JSONValue {
        path.elements.append(element)
        defer { path.elements.removeLast() }
        return value(of: node)
    }

    private mutating func checkTag(of node: YAMLNode, isOneOf allowed: [String]) {
        guard let tag = node.tag, tag != "!", !allowed.contains(tag) else { return }
        report(node.line, "the tag \(tag) is not supported")
    }

    private mutating func report(_ line: Int, _ message: String) {
        problems.append(.init(path: path, line: line, message: message))
    }

    /// A mapping's own keys win over those that `<<` merges in, and an earlier merged mapping over a later one.
    private mutating func object(of pairs: [YAMLNode.Pair]) -> JSONObject {
        var object = JSONObject()
        var seen: [String: Int] = [:]
        var merged: [YAMLNode] = []
        for pair in pairs {
            if isMerge(pair.key) {
                merged += mergeSources(pair.value)
                continue
            }
            guard let key = key(of: pair.key) else { continue }
            if let line = seen[key] {
                problems.append(
                    .init(
                        path: FieldPath(path.elements + [.field(key)]), line: pair.key.line,
                        message: "duplicate key: it stands already on line \(line)", isDuplicateKey: true))
                object[key] = member(key, pair)
                continue
            }
            seen[key] = pair.key.line
            object.append(key, member(key, pair))
        }
        for source in merged {
            guard case .mapping(let pairs) = source.content else { continue }
            for member in self.object(of: pairs).members where seen[member.key] == nil {
                seen[member.key] = source.line
                object.append(member.key, member.value)
            }
        }
        return object
    }

    private mutating func member(_ key: String, _ pair: YAMLNode.Pair) -> JSONValue {
        path.elements.append(.field(key))
        defer { path.elements.removeLast() }
        lines[path] = pair.key.line
        return value(of: pair.value)
    }

    private func isMerge(_ key: YAMLNode) -> Bool {
        guard case .scalar("<<", .plain) = key.content else { return false }
        return key.tag == nil || key.tag == "tag:yaml.org,2002:merge"
    }

    private mutating func mergeSources(_ node: YAMLNode) -> [YAMLNode] {
        switch node.content {
        case .mapping: return [node]
        case .sequence(let nodes) where nodes.allSatisfy { if case .mapping = $0.content { true } else { false } }:
            return nodes
        default:
            report(node.line, "<< takes a mapping or a list of mappings")
            return []
        }
    }

    /// Keys that look like numbers or truth values become their text.
    private mutating func key(of node: YAMLNode) -> String? {
        guard case .scalar(let text, let style) = node.content else {
            report(node.line, "a key has to be a string")
            return nil
        }
        switch YAMLScalar.value(text, style, tag: node.tag) {
        case .string(let key): return key
        case .bool(let value): return value ? "true" : "false"
        case .integer(let value): return String(value)
        case .number(let value): return value.text
        default:
            report(node.line, "a key has to be a string")
            return nil
        }
    }
}
