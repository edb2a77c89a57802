/// A media type with its parameters, as an `Accept` or `Content-Type` header names it (RFC 9110, 8.3.1).
package struct MediaType: Hashable, Sendable {
    /// `type/subtype` in small letters.
    package var essence: String
    /// Names in small letters; `q` is left out.
    package var parameters: [String: String]
    /// From 0 to 1.
    package var quality: Double

    package init(parsing text: Substring) {
        let parts = text.split(separator: ";", omittingEmptySubsequences: false)
        essence = Self.trimmed(parts[0]).lowercased()
        parameters = [:]
        quality = 1
        for part in parts.dropFirst() {
            guard let equals = part.firstIndex(of: "=") else { continue }
            let name = Self.trimmed(part[..<equals]).lowercased()
            var value = Self.trimmed(part[part.index(after: equals)...])
            if value.count > 1, value.hasPrefix("\""), value.hasSuffix("\"") { value = String(value.dropFirst().dropLast()) }
            if name == "q" { quality = Double(value) ?? 1 } else { parameters[name] = value }
        }
    }

    /// The ranges of an `Accept` header, the most wanted first; equals stay in order. Nothing said means anything.
    package static func ranges(accept header: String?) -> [MediaType] {
        guard let header, !header.isEmpty else { return [MediaType(parsing: "*/*")] }
        let ranges = header.split(separator: ",").map { MediaType(parsing: $0) }
        guard ranges.contains(where: { $0.quality != 1 }) else { return ranges }
        return ranges.enumerated().sorted { ($1.element.quality, $0.offset) < ($0.element.quality, $1.offset) }.map(\.element)
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
