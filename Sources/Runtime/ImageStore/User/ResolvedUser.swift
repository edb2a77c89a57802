/// As whom a container's process runs.
package struct ResolvedUser: Sendable, Hashable {
    package var userID: UInt32
    package var groupID: UInt32
    /// IDs of the groups that name the user as a member in /etc/group, sorted, without `groupID`.
    package var additionalGroupIDs: [UInt32]
    /// The user's name in /etc/passwd; nil when it is not there.
    package var name: String?
    /// The user's home in /etc/passwd; `/` when it is not there.
    package var home: String

    /// IDs above are not accepted, as in runc (moby/sys/user, `maxID`).
    static let maxID: UInt32 = (1 << 31) - 1
}

extension UserDatabase {
    /// Resolves `uid`, `uid:gid`, `name`, `name:group` or mixtures; an empty user is 0, an empty group the user's own.
    ///
    /// The rules and the words of errors are those of moby/sys/user, `GetExecUser`.
    func resolve(_ text: String) throws(ImageError) -> ResolvedUser {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let userText = parts.first ?? ""
        let groupText = parts.count > 1 ? parts[1] : ""

        let user = try findUser(userText)
        let groupID = try groupText.isEmpty ? user.group : findGroup(groupText)
        let memberships = groups.filter { !user.name.isEmpty && $0.members.contains(user.name) }.map(\.id)
        return ResolvedUser(
            userID: user.id, groupID: groupID, additionalGroupIDs: Set(memberships).subtracting([groupID]).sorted(),
            name: user.name.isEmpty ? nil : user.name, home: user.home.isEmpty ? "/" : user.home)
    }

    /// A number is an ID, never a name: a user whose name is `1000` cannot be had by it.
    private func findUser(_ text: String) throws(ImageError) -> User {
        let number = text.isEmpty ? 0 : Self.number(text)
        if let found = users.first(where: { number == nil ? $0.name == text : Int64($0.id) == number }) {
            _ = try Self.checkRange(Int64(found.id))
            return found
        }
        guard let number else {
            throw ImageError(.notFound, "unable to find user \(text): no matching entries in passwd file")
        }
        return User(name: "", id: try Self.checkRange(number), group: 0, home: "/")
    }

    private func findGroup(_ text: String) throws(ImageError) -> UInt32 {
        let number = Self.number(text)
        if let found = groups.first(where: { number == nil ? $0.name == text : Int64($0.id) == number }) {
            return try Self.checkRange(Int64(found.id))
        }
        guard let number else {
            throw ImageError(.notFound, "unable to find group \(text): no matching entries in group file")
        }
        return try Self.checkRange(number)
    }

    private static func number(_ text: String) -> Int64? {
        let isNumeric = text.utf8.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+")
        }
        return isNumeric ? Int64(text) : nil
    }

    private static func checkRange(_ id: Int64) throws(ImageError) -> UInt32 {
        guard (0...Int64(ResolvedUser.maxID)).contains(id) else {
            throw .invalid("uids and gids must be in range 0-\(ResolvedUser.maxID)")
        }
        return UInt32(id)
    }
}
