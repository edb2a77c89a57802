/// For which images a credential is: a host whose labels may have wildcards, perhaps a port, and the beginning of a path.
/// Rules of the kubelet's `URLsMatch`.
struct RegistryPattern: Sendable {
    private let labels: [Substring]
    private let port: Substring
    private let path: Substring

    /// - Parameter text: `*.example.com:5000/team`.
    init?(_ text: String) {
        guard !text.isEmpty else { return nil }
        (labels, port, path) = Self.split(text)
    }

    func matches(_ repository: String) -> Bool {
        let (otherLabels, otherPort, otherPath) = Self.split(repository)
        return port == otherPort && labels.count == otherLabels.count && otherPath.hasPrefix(path)
            && zip(labels, otherLabels).allSatisfy { Self.matches(Array($0), Array($1)) }
    }

    private static func split(_ text: String) -> (labels: [Substring], port: Substring, path: Substring) {
        let authority = text.prefix { $0 != "/" }
        var (host, port) = (authority, Substring())
        if let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") {
            (host, port) = (authority[..<colon], authority[authority.index(after: colon)...])
        }
        return (host.split(separator: ".", omittingEmptySubsequences: false), port, text[authority.endIndex...])
    }

    /// The key of a server in a file of credentials: without scheme, and without the version of docker's API.
    static func key(of server: String) -> String? {
        var rest = Substring(server)
        for scheme in ["https://", "http://"] where rest.hasPrefix(scheme) { rest = rest.dropFirst(scheme.count) }
        rest = rest.prefix { $0 != "?" && $0 != "#" }
        let host = rest.prefix { $0 != "/" }
        guard !host.isEmpty else { return nil }
        var path = rest[host.endIndex...]
        if path.hasPrefix("/v1/") || path.hasPrefix("/v2/") { path = path.dropFirst("/v1".count) }
        return path == "/" ? String(host) : "\(host)\(path)"
    }

    /// Go's `filepath.Match` within one label: `*`, `?`, `[a-c]`, `[^a]` and `\` before a character that stands for itself.
    static func matches(_ pattern: [Character], _ text: [Character]) -> Bool {
        var index = 0
        while index < pattern.count {
            switch pattern[index] {
            case "*":
                let rest = Array(pattern[(index + 1)...])
                return (index...max(index, text.count)).contains { $0 <= text.count && matches(rest, Array(text[$0...])) }
            case "?":
                guard index < text.count else { return false }
            case "[":
                guard index < text.count, let set = characterSet(pattern[index...]), set.holds(text[index]) else { return false }
                return matches(Array(pattern[set.end...]), Array(text[(index + 1)...]))
            case "\\":
                guard index + 1 < pattern.count, index < text.count, pattern[index + 1] == text[index] else { return false }
                return matches(Array(pattern[(index + 2)...]), Array(text[(index + 1)...]))
            default:
                guard index < text.count, pattern[index] == text[index] else { return false }
            }
            index += 1
        }
        return index == text.count
    }

    /// - Returns: nil for a set that does not end; else where the pattern goes on behind it.
    private static func characterSet(_ pattern: ArraySlice<Character>) -> (end: Int, holds: (Character) -> Bool)? {
        guard let close = pattern.dropFirst(2).firstIndex(of: "]") else { return nil }
        var members = pattern[(pattern.startIndex + 1)..<close]
        let isNegated = members.first == "^"
        if isNegated { members = members.dropFirst() }
        var ranges: [ClosedRange<Character>] = []
        while let low = members.popFirst() {
            guard members.first == "-", let high = members.dropFirst().first else {
                ranges.append(low...low)
                continue
            }
            members = members.dropFirst(2)
            guard low <= high else { return nil }
            ranges.append(low...high)
        }
        return (close + 1, { character in ranges.contains { $0.contains(character) } != isNegated })
    }
}
