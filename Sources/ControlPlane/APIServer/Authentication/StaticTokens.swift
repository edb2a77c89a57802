/// Tokens from a file: one a line, `token,user,uid,"group1,group2"` (kube-apiserver's --token-auth-file).
package struct StaticTokens: TokenAuthenticator {
    private let entries: [(token: String, user: UserInfo)]

    /// - Throws: With the line that cannot be read.
    package init(csv: String) throws(TokenError) {
        var entries: [(String, UserInfo)] = []
        for (number, line) in csv.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let fields = Self.fields(of: line)
            if fields.allSatisfy(\.isEmpty) || line.hasPrefix("#") { continue }
            guard fields.count >= 3, !fields[0].isEmpty, !fields[1].isEmpty else {
                throw TokenError("token file, line \(number + 1): a line is token,user,uid[,\"group1,group2\"]")
            }
            let groups = fields.count > 3 ? fields[3].split(separator: ",").map(String.init) : []
            entries.append((fields[0], UserInfo(name: fields[1], uid: fields[2], groups: groups)))
        }
        self.entries = entries
    }

    package func authenticate(token: String, audiences: [String]) async throws(TokenError) -> AuthenticatedToken? {
        var found: UserInfo?
        // All are compared, so that the time does not tell which one it was.
        for entry in entries where isEqualInConstantTime(entry.token, token) { found = entry.user }
        return found.map { AuthenticatedToken(user: $0) }
    }

    /// Fields between commas; in quotation marks commas are ordinary.
    private static func fields(of line: Substring) -> [String] {
        var fields = [""]
        var isQuoted = false
        for character in line where character != "\r" {
            switch character {
            case "\"": isQuoted.toggle()
            case "," where !isQuoted: fields.append("")
            default: fields[fields.count - 1].append(character)
            }
        }
        return fields
    }
}
