/// A place in a JSON value, RFC 6901: `/spec/containers/0/image`. In names `~1` stands for `/` and `~0` for `~`.
package struct JSONPointer: Hashable, Sendable, CustomStringConvertible {
    package var tokens: [String]

    package init(tokens: [String]) { self.tokens = tokens }

    package init(parsing text: String) throws(PatchError) {
        guard text.isEmpty || text.hasPrefix("/") else {
            throw PatchError(.malformed, "a path begins with '/': \(text.quoted)")
        }
        tokens = try text.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
            .map { token throws(PatchError) in try Self.unescape(token, in: text) }
    }

    private static func unescape(_ token: Substring, in text: String) throws(PatchError) -> String {
        guard token.contains("~") else { return String(token) }
        var result = ""
        var rest = token
        while let character = rest.popFirst() {
            if character != "~" {
                result.append(character)
                continue
            }
            switch rest.popFirst() {
            case "0": result.append("~")
            case "1": result.append("/")
            default: throw PatchError(.malformed, "'~' without 0 or 1 behind it: \(text.quoted)")
            }
        }
        return result
    }

    package var description: String {
        tokens.map { "/" + $0.replacing("~", with: "~0").replacing("/", with: "~1") }.joined()
    }

    /// An index of an array with `count` elements: digits without leading zeros; behind a minus sign they count from the end, as
    /// kube-apiserver has it.
    static func index(_ token: String, count: Int) -> Int? {
        let digits = token.hasPrefix("-") ? token.dropFirst() : token[...]
        guard digits == "0" || digits.first != "0", digits.utf8.allSatisfy({ $0 &- 0x30 < 10 }), let number = Int(digits) else {
            return nil
        }
        let index = token.hasPrefix("-") ? count - number : number
        return (0..<count).contains(index) ? index : nil
    }
}

extension JSONValue {
    /// The value at a place; nil when there is none.
    package subscript(pointer: JSONPointer) -> JSONValue? {
        var value = self
        for token in pointer.tokens {
            switch value {
            case .object(let object):
                guard let member = object[token] else { return nil }
                value = member
            case .array(let elements):
                guard let index = JSONPointer.index(token, count: elements.count) else { return nil }
                value = elements[index]
            default: return nil
            }
        }
        return value
    }
}
