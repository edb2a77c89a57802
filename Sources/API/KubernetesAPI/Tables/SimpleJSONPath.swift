package import APIMachinery

/// The part of kubectl's JSONPath that printer columns and selectable fields use: `.spec.list[?(@.n=="b")].v`,
/// `.metadata.annotations['a/b']`, `.items[0]`, `.items[*].name`.
package struct SimpleJSONPath: Hashable, Sendable {
    private enum Step: Hashable, Sendable {
        case member(String)
        case index(Int)
        case all
        /// Elements whose member equals a value, or that have the member at all.
        case filter(path: [String], comparison: Comparison?)
    }

    private struct Comparison: Hashable, Sendable {
        let isEqual: Bool
        let value: JSONValue
    }

    package struct Malformed: Error, Hashable, Sendable {
        package let description: String
    }

    private var steps: [Step] = []

    package init(parsing text: String) throws(Malformed) {
        guard text.hasPrefix(".") else { throw Malformed(description: "must start with .") }
        var rest = text[...]
        while !rest.isEmpty {
            switch rest.first {
            case ".":
                rest = rest.dropFirst()
                let name = Self.name(&rest)
                if name.isEmpty, rest.first != "[" { throw Malformed(description: "a name is missing") }
                if !name.isEmpty { steps.append(name == "*" ? .all : .member(name)) }
            case "[": steps.append(try Self.bracket(&rest))
            default: throw Malformed(description: "unexpected \(rest.first.map(String.init) ?? "end")")
            }
        }
    }

    /// A backslash lets a name hold a dot.
    private static func name(_ rest: inout Substring) -> String {
        var name = ""
        while let character = rest.first, character != ".", character != "[" {
            rest = rest.dropFirst()
            if character == "\\", let next = rest.first {
                name.append(next)
                rest = rest.dropFirst()
            } else {
                name.append(character)
            }
        }
        return name
    }

    private static func bracket(_ rest: inout Substring) throws(Malformed) -> Step {
        guard let end = closing(rest) else { throw Malformed(description: "unterminated [") }
        let body = rest[rest.index(after: rest.startIndex)..<end]
        rest = rest[rest.index(after: end)...]
        if body == "*" { return .all }
        if let index = Int(body) { return .index(index) }
        if body.hasPrefix("?("), body.hasSuffix(")") { return try filter(body.dropFirst(2).dropLast()) }
        if let quote = body.first, quote == "'" || quote == "\"", body.last == quote, body.count > 1 {
            return .member(String(body.dropFirst().dropLast()))
        }
        throw Malformed(description: "unknown [\(body)]")
    }

    private static func closing(_ text: Substring) -> Substring.Index? {
        var quote: Character?
        var depth = 0
        for index in text.indices {
            let character = text[index]
            if let open = quote {
                if character == open { quote = nil }
            } else if character == "'" || character == "\"" {
                quote = character
            } else if character == "[" {
                depth += 1
            } else if character == "]" {
                depth -= 1
                if depth == 0 { return index }
            }
        }
        return nil
    }

    private static func filter(_ text: Substring) throws(Malformed) -> Step {
        var (left, comparison): (Substring, Comparison?) = (text, nil)
        for (sign, isEqual) in [("==", true), ("!=", false)] {
            guard let range = text.firstRange(of: sign) else { continue }
            left = text[..<range.lowerBound]
            comparison = Comparison(isEqual: isEqual, value: literal(text[range.upperBound...]))
            break
        }
        let path = left.filter { $0 != " " }
        guard path.hasPrefix("@.") else { throw Malformed(description: "a filter must start with @.") }
        return .filter(path: path.dropFirst(2).split(separator: ".").map(String.init), comparison: comparison)
    }

    private static func literal(_ text: Substring) -> JSONValue {
        let text = String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        if let quote = text.first, quote == "'" || quote == "\"", text.last == quote, text.count > 1 {
            return .string(String(text.dropFirst().dropLast()))
        }
        return (try? JSONValue(parsing: text)) ?? .string(text)
    }

    /// - Returns: Nil when a named member on the way is not there; what is found otherwise, maybe nothing.
    package func values(in root: JSONValue) -> [JSONValue]? {
        var values = [root]
        for step in steps {
            var next: [JSONValue] = []
            for value in values {
                switch step {
                case .member(let name):
                    guard let member = value[name] else { return nil }
                    next.append(member)
                case .index(let index):
                    guard let elements = value.arrayValue else { return nil }
                    let place = index < 0 ? elements.count + index : index
                    guard elements.indices.contains(place) else { return nil }
                    next.append(elements[place])
                case .all: next += value.arrayValue ?? value.objectValue?.members.map(\.value) ?? []
                case .filter(let path, let comparison):
                    next += (value.arrayValue ?? []).filter { Self.matches($0, path, comparison) }
                }
            }
            values = next
        }
        return values
    }

    private static func matches(_ element: JSONValue, _ path: [String], _ comparison: Comparison?) -> Bool {
        let member = path.reduce(JSONValue?.some(element)) { $0?[$1] }
        guard let comparison else { return member != nil }
        return (member == comparison.value) == comparison.isEqual
    }
}
