/// The forms of ports' names, environment variables, config keys, addresses.
extension NameValidation {
    package static func portNumber(_ port: Int) -> [String] {
        (1...65535).contains(port) ? [] : [inclusiveRange(1, 65535)]
    }

    package static func inclusiveRange(_ low: Int64, _ high: Int64) -> String {
        "must be between \(low) and \(high), inclusive"
    }

    /// An IANA service name: at most 15 of `[-a-z0-9]` with a letter, no dash at either end, no two in a row.
    package static func portName(_ text: String) -> [String] {
        var problems = tooLong(text, limit: 15)
        if text.isEmpty || !text.utf8.allSatisfy({ isDigit($0) || isLowercase($0) || $0 == UInt8(ascii: "-") }) {
            problems.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
        }
        if !text.utf8.contains(where: isLowercase) { problems.append("must contain at least one letter (a-z)") }
        if text.contains("--") { problems.append("must not contain consecutive hyphens") }
        if text.hasPrefix("-") || text.hasSuffix("-") { problems.append("must not begin or end with a hyphen") }
        return problems
    }

    /// Printable ASCII without `=`.
    package static func environmentName(_ text: String) -> [String] {
        if text.isEmpty { return ["environment variable name must be non-empty"] }
        let isFine = text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "=") }
        return isFine
            ? []
            : ["a valid environment variable name must consist only of printable ASCII characters other than '='"]
    }

    /// A key of a ConfigMap or Secret, which becomes a file's name.
    package static func configKey(_ text: String) -> [String] {
        var problems = tooLong(text, limit: subdomainMaxBytes)
        if text.isEmpty || !text.utf8.allSatisfy({ isAlphanumeric($0) || "-_.".utf8.contains($0) }) {
            problems.append(
                pattern(
                    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'", "[-._a-zA-Z0-9]+",
                    "key.name", "KEY_NAME", "key-name"))
        }
        if text == "." { problems.append("must not be '.'") }
        if text == ".." {
            problems.append("must not be '..'")
        } else if text.hasPrefix("..") {
            problems.append("must not start with '..'")
        }
        return problems
    }

    package static func httpHeaderName(_ text: String) -> [String] {
        if !text.isEmpty, text.utf8.allSatisfy({ isAlphanumeric($0) || $0 == UInt8(ascii: "-") }) { return [] }
        return [
            pattern("a valid HTTP header must consist of alphanumeric characters or '-'", "[-A-Za-z0-9]+", "X-Header-Name")
        ]
    }

    package static func ipAddress(_ text: String) -> [String] {
        IPAddress(text) == nil ? ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"] : []
    }

    /// The name of a kernel parameter, its parts joined by dots or slashes.
    package static func sysctlName(_ text: String) -> Bool {
        guard text.utf8.count <= 253 else { return false }
        func isEdge(_ byte: UInt8) -> Bool { isDigit(byte) || isLowercase(byte) }
        return text.split(omittingEmptySubsequences: false) { $0 == "." || $0 == "/" }.allSatisfy { part in
            guard let first = part.utf8.first, let last = part.utf8.last, isEdge(first), isEdge(last) else { return false }
            return part.utf8.allSatisfy { isEdge($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
        }
    }
}
