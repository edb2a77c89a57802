/// One challenge of a `WWW-Authenticate` field (RFC 9110, 11.6.1).
struct AuthChallenge: Hashable, Sendable {
    /// In lower case: `bearer`, `basic`.
    var scheme: String
    /// Names in lower case.
    var parameters: [String: String] = [:]

    /// All challenges of all fields of that name. What can't be understood is left out.
    static func parse(_ fields: [String]) -> [AuthChallenge] {
        fields.flatMap { field in
            var reader = Reader(rest: Substring(field))
            return reader.challenges()
        }
    }

    /// token = 1*tchar; a word followed by `=` is a parameter of the scheme before it, any other begins a challenge.
    private struct Reader {
        var rest: Substring

        mutating func challenges() -> [AuthChallenge] {
            var found: [AuthChallenge] = []
            while true {
                rest = rest.drop { $0 == " " || $0 == "\t" || $0 == "," }
                let word = takeToken()
                if word.isEmpty {
                    // A character that has no place here, or the end.
                    guard rest.popFirst() != nil else { return found }
                    continue
                }
                let isParameter = rest.drop { $0 == " " }.first == "="
                if isParameter, !found.isEmpty {
                    rest = rest.drop { $0 == " " }.dropFirst().drop { $0 == " " }
                    found[found.count - 1].parameters[word.lowercased()] = takeValue()
                } else {
                    found.append(AuthChallenge(scheme: word.lowercased()))
                }
            }
        }

        private mutating func takeToken() -> Substring {
            let token = rest.prefix { !" \t,=\"".contains($0) }
            rest = rest[token.endIndex...]
            return token
        }

        private mutating func takeValue() -> String {
            guard rest.first == "\"" else { return String(takeToken()) }
            rest.removeFirst()
            var value = ""
            while let character = rest.popFirst(), character != "\"" {
                if character == "\\", let escaped = rest.popFirst() { value.append(escaped) } else { value.append(character) }
            }
            return value
        }
    }
}
