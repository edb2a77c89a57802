/// The forms of names. Every function gives the reasons why a text does not have the form, in upstream's words;
/// none when it has.
package enum NameValidation {
    package static let labelMaxBytes = 63
    package static let subdomainMaxBytes = 253

    /// A DNS label by RFC 1123: `[a-z0-9]([-a-z0-9]*[a-z0-9])?`, at most 63 bytes.
    package static func dns1123Label(_ text: String) -> [String] {
        var problems = tooLong(text, limit: labelMaxBytes)
        if !isDNS1123Label(text[...]) {
            problems.append(
                isDNS1123Subdomain(text)
                    ? "must not contain dots"
                    : pattern(
                        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
                        labelPattern, "my-name", "123-abc"))
        }
        return problems
    }

    /// Labels joined by dots, at most 253 bytes: the names of most objects.
    package static func dns1123Subdomain(_ text: String) -> [String] {
        var problems = tooLong(text, limit: subdomainMaxBytes)
        if !isDNS1123Subdomain(text) {
            problems.append(
                pattern(
                    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
                    #"\#(labelPattern)(\.\#(labelPattern))*"#, "example.com"))
        }
        return problems
    }

    /// A DNS label that begins with a letter: the names of services.
    package static func dns1035Label(_ text: String) -> [String] {
        var problems = tooLong(text, limit: labelMaxBytes)
        if !isDNS1123Label(text[...]) || text.utf8.first.map(isDigit) == true {
            problems.append(
                pattern(
                    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
                    "[a-z]([-a-z0-9]*[a-z0-9])?", "my-name", "abc-123"))
        }
        return problems
    }

    /// `[prefix/]name`: the keys of labels and annotations, the names of extended resources.
    package static func qualifiedName(_ text: String) -> [String] {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        var problems: [String] = []
        switch parts.count {
        case 1: break
        case 2 where parts[0].isEmpty: problems.append("prefix part must be non-empty")
        case 2: problems += dns1123Subdomain(parts[0]).map { "prefix part \($0)" }
        default:
            return [
                "a valid label key "
                    + pattern(qualifiedNameRule, qualifiedNamePattern, "MyName", "my.name", "123-abc")
                    + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            ]
        }
        let name = parts[parts.count - 1]
        if name.isEmpty {
            problems.append("name part must be non-empty")
        } else if name.utf8.count > labelMaxBytes {
            problems.append("name part must be no more than \(labelMaxBytes) bytes")
        }
        if !isQualifiedNamePart(name) {
            problems.append("name part " + pattern(qualifiedNameRule, qualifiedNamePattern, "MyName", "my.name", "123-abc"))
        }
        return problems
    }

    /// Empty, or like the name part of a qualified name.
    package static func labelValue(_ text: String) -> [String] {
        var problems = tooLong(text, limit: labelMaxBytes, unit: "bytes")
        if !text.isEmpty, !isQualifiedNamePart(text) {
            problems.append(
                pattern(
                    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
                    "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?", "MyValue", "my_value", "12345"))
        }
        return problems
    }

    /// What may stand as one segment of a URL's path: the names of roles and bindings.
    package static func pathSegment(_ text: String) -> [String] {
        if text == "." || text == ".." { return ["may not be '\(text)'"] }
        return ["/", "%"].filter { text.contains($0) }.map { "may not contain '\($0)'" }
    }

    /// A name that something will be appended to may end with a dash.
    package static func asPrefix(_ text: String, _ check: (String) -> [String]) -> [String] {
        check(text.utf8.last == UInt8(ascii: "-") && text.utf8.count > 1 ? String(text.dropLast()) + "a" : text)
    }
}

extension NameValidation {
    private static let labelPattern = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
    private static let qualifiedNamePattern = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
    private static let qualifiedNameRule =
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"

    static func tooLong(_ text: String, limit: Int, unit: String = "characters") -> [String] {
        text.utf8.count > limit ? ["must be no more than \(limit) \(unit)"] : []
    }

    /// A rule with examples and the expression it stands for, laid out as upstream's `RegexError` does.
    static func pattern(_ rule: String, _ expression: String, _ examples: String...) -> String {
        let list = examples.enumerated().map { $0.offset == 0 ? "'\($0.element)'" : " or '\($0.element)'" }
        return "\(rule) (e.g. \(list.joined(separator: ", ")), regex used for validation is '\(expression)')"
    }

    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
    static func isLowercase(_ byte: UInt8) -> Bool { byte &- 0x61 < 26 }
    static func isAlphanumeric(_ byte: UInt8) -> Bool { isDigit(byte) || isLetter(byte) }
    static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

    static func isDNS1123Label(_ text: Substring) -> Bool {
        func isEdge(_ byte: UInt8) -> Bool { isDigit(byte) || isLowercase(byte) }
        guard let first = text.utf8.first, let last = text.utf8.last, isEdge(first), isEdge(last) else { return false }
        return text.utf8.allSatisfy { isEdge($0) || $0 == UInt8(ascii: "-") }
    }

    static func isDNS1123Subdomain(_ text: String) -> Bool {
        text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { isDNS1123Label($0) }
    }

    static func isQualifiedNamePart(_ text: String) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last, isAlphanumeric(first), isAlphanumeric(last)
        else { return false }
        return text.utf8.allSatisfy { isAlphanumeric($0) || "-_.".utf8.contains($0) }
    }
}
