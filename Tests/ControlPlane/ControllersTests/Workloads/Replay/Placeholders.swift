import APIMachinery

/// What the placeholders of a recording stand for in this run: `<hash1>`, `<r2>`, `<uid:3>`, learned by comparing.
struct Placeholders {
    private(set) var values: [String: String] = [:]

    mutating func swap(_ one: String, _ other: String) {
        let value = values[one]
        values[one] = values[other]
        values[other] = value
    }

    subscript(name: String) -> String? { values[name] }

    /// Pieces of a text: placeholders with their brackets, and what stands between them.
    static func pieces(_ text: String) -> [(text: String, isPlaceholder: Bool)] {
        var pieces: [(String, Bool)] = []
        var rest = Substring(text)
        while let start = rest.firstIndex(of: "<"), let end = rest[start...].firstIndex(of: ">") {
            let name = rest[start...end]
            if start > rest.startIndex { pieces.append((String(rest[..<start]), false)) }
            pieces.append((String(name), true))
            rest = rest[rest.index(after: end)...]
        }
        if !rest.isEmpty { pieces.append((String(rest), false)) }
        return pieces
    }

    func filled(_ text: String) -> String {
        Self.pieces(text).map { $0.isPlaceholder ? values[$0.text] ?? $0.text : $0.text }.joined()
    }

    /// A point in time, which differs between runs.
    static func isTime(_ text: String) -> Bool { text.hasPrefix("<T") }

    /// Whether a text can be what a pattern says; learns what the placeholders stand for.
    mutating func unify(_ pattern: String, _ text: String) -> Bool {
        if Self.isTime(pattern) { return true }
        var copy = self
        guard copy.match(Self.pieces(pattern)[...], text[...]) else { return false }
        self = copy
        return true
    }

    private mutating func match(_ pieces: ArraySlice<(text: String, isPlaceholder: Bool)>, _ text: Substring) -> Bool {
        guard let first = pieces.first else { return text.isEmpty }
        let rest = pieces.dropFirst()
        if !first.isPlaceholder { return text.hasPrefix(first.text) && match(rest, text.dropFirst(first.text.count)) }
        if let known = values[first.text] { return text.hasPrefix(known) && match(rest, text.dropFirst(known.count)) }
        // As much as is left by what must follow; a name's random part has no dash.
        let isName = first.text.hasPrefix("<r") || first.text.hasPrefix("<hash")
        var length = text.count
        while length > 0 {
            let part = String(text.prefix(length))
            if !isName || !part.contains("-"), !values.values.contains(part) || !isName {
                var copy = self
                copy.values[first.text] = part
                if copy.match(rest, text.dropFirst(length)) {
                    self = copy
                    return true
                }
            }
            length -= 1
        }
        return false
    }

    /// The paths at which a value lacks or differs from what a pattern has. More than the pattern has is no difference.
    mutating func differences(_ pattern: JSONValue, _ value: JSONValue?, at path: String = "") -> [String] {
        switch (pattern, value) {
        case (.object(let wanted), .object(let got)?):
            var result: [String] = []
            for member in wanted.members { result += differences(member.value, got[member.key], at: "\(path).\(member.key)") }
            return result
        // Empty is absent.
        case (.object(let wanted), nil) where wanted.isEmpty: return []
        case (.array(let wanted), .array(let got)?):
            guard wanted.count == got.count else { return ["\(path): \(wanted.count) elements wanted, \(value ?? .null)"] }
            var result: [String] = []
            for (index, element) in wanted.enumerated() { result += differences(element, got[index], at: "\(path)[\(index)]") }
            return result
        case (.string(let wanted), .string(let got)?):
            return unify(wanted, got) ? [] : ["\(path): wanted \(filled(wanted)), got \(got)"]
        default: return pattern == value ? [] : ["\(path): wanted \(pattern), got \(value.map { "\($0)" } ?? "nothing")"]
        }
    }
}
