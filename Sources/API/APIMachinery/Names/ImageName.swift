/// An image's name as docker normalises it: `busybox` is `docker.io/library/busybox:latest`.
///
/// Grammar: distribution/reference, "reference.go" of the distribution project.
package struct ImageName: Hashable, Sendable {
    /// Why a text is no image's name, in the words of the reference implementation.
    package struct Invalid: Error, Hashable, CustomStringConvertible {
        package var description: String
    }

    /// Host and optional port, `docker.io` when none was given.
    package let domain: String
    /// The repository's path below the domain, `library/busybox`.
    package let path: String
    package let tag: String?
    /// `sha256:` and 64 hexadecimal digits.
    package let digest: String?

    /// `docker.io/library/busybox`.
    package var repository: String { "\(domain)/\(path)" }

    /// Parses and normalises a name. Without tag and digest the tag is `latest`.
    package init(_ text: String) throws(Invalid) {
        guard !text.isEmpty else { throw .format }
        if text.utf8.count == 64, text.utf8.allSatisfy(isLowerHex) {
            throw Invalid(description: "invalid repository name, cannot specify 64-byte hexadecimal strings")
        }
        var rest = Substring(text)
        digest = try Self.takeDigest(from: &rest)
        let (domain, remainder) = Self.splitDomain(rest)
        var path = remainder
        var tag: Substring?
        if let colon = path.lastIndex(of: ":") {
            tag = path[path.index(after: colon)...]
            path = path[..<colon]
        }
        guard Self.isDomain(domain) else { throw .format }
        if path.utf8.contains(where: (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains), Self.isPath(Substring(path.lowercased())) {
            throw Invalid(description: "invalid reference format: repository name (\(path)) must be lowercase")
        }
        guard Self.isPath(path), tag.map(Self.isTag) ?? true else { throw .format }
        guard domain.utf8.count + 1 + path.utf8.count <= 255 else {
            throw Invalid(description: "repository name must not be more than 255 characters")
        }
        self.domain = domain
        self.path = String(path)
        self.tag = tag.map(String.init) ?? (digest == nil ? "latest" : nil)
    }
}

extension ImageName.Invalid {
    fileprivate static let format = ImageName.Invalid(description: "invalid reference format")
}

extension ImageName {
    /// Cuts `@sha256:…` off the end.
    private static func takeDigest(from rest: inout Substring) throws(Invalid) -> String? {
        guard let at = rest.firstIndex(of: "@") else { return nil }
        let text = rest[rest.index(after: at)...]
        rest = rest[..<at]
        guard text.hasPrefix("sha256:"), text.utf8.count == 71, text.utf8.dropFirst(7).allSatisfy(isLowerHex) else { throw .format }
        return String(text)
    }

    /// The part before the first `/` is a domain when it has a `.` or `:`, is `localhost`, or has a capital letter.
    private static func splitDomain(_ name: Substring) -> (domain: String, remainder: Substring) {
        var domain = "docker.io"
        var remainder = name
        if let slash = name.firstIndex(of: "/") {
            let first = name[..<slash]
            let isDomain =
                first == "localhost" || first.contains(where: { $0 == "." || $0 == ":" })
                || first.lowercased() != first
            if isDomain {
                domain = first == "index.docker.io" ? "docker.io" : String(first)
                remainder = name[name.index(after: slash)...]
            }
        }
        if domain == "docker.io", !remainder.contains("/") { remainder = "library/\(remainder)" }
        return (domain, remainder)
    }

    /// `label(.label)*(:port)?` or `[v6](:port)?`; a label is letters, digits and inner hyphens.
    package static func isDomain(_ domain: String) -> Bool {
        var host = Substring(domain)
        let bracketEnd = host.lastIndex(of: "]")
        if let colon = host.lastIndex(of: ":"), bracketEnd.map({ $0 < colon }) ?? true {
            let port = host[host.index(after: colon)...]
            guard !port.isEmpty, port.utf8.allSatisfy(isDigit) else { return false }
            host = host[..<colon]
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            let address = host.dropFirst().dropLast().utf8
            return !address.isEmpty
                && address.allSatisfy { isDigit($0) || isLowerHex($0 | 0x20) || $0 == UInt8(ascii: ":") }
        }
        return host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            label.utf8.allSatisfy { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "-") }
                && !label.isEmpty && !label.hasPrefix("-") && !label.hasSuffix("-")
        }
    }

    /// Components of `[a-z0-9]+` joined by `.`, `_`, `__` or any number of `-`.
    static func isPath(_ path: Substring) -> Bool {
        path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { component in
            var separator: [UInt8] = []
            var sawWord = false
            for byte in component.utf8 {
                if isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) {
                    guard separator.isEmpty || (sawWord && isSeparator(separator)) else { return false }
                    separator = []
                    sawWord = true
                } else {
                    separator.append(byte)
                }
            }
            return sawWord && separator.isEmpty
        }
    }

    private static func isSeparator(_ bytes: [UInt8]) -> Bool {
        bytes == [UInt8(ascii: ".")] || bytes == [UInt8(ascii: "_")] || bytes == [UInt8](repeating: UInt8(ascii: "_"), count: 2)
            || bytes.allSatisfy { $0 == UInt8(ascii: "-") }
    }

    /// `[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}`.
    static func isTag(_ tag: Substring) -> Bool {
        let isWord = { (byte: UInt8) in isLetter(byte) || isDigit(byte) || byte == UInt8(ascii: "_") }
        guard let first = tag.utf8.first, isWord(first), tag.utf8.count <= 128 else { return false }
        return tag.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }
}

private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
private func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) }

/// Whether the byte is one of `0123456789abcdef`.
private func isLowerHex(_ byte: UInt8) -> Bool { isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte) }
