/// Lines of passwd(5) and group(5) that can be read; others are skipped, as libc does.
struct UserDatabase {
    struct User: Equatable {
        var name: String
        var id: UInt32
        var group: UInt32
        var home: String
    }

    struct Group: Equatable {
        var name: String
        var id: UInt32
        var members: [String]
    }

    var users: [User] = []
    var groups: [Group] = []

    init(passwd: [UInt8], group: [UInt8]) {
        for fields in Self.lines(passwd) where fields.count >= 6 {
            if let id = UInt32(fields[2]), let gid = UInt32(fields[3]) {
                users.append(User(name: fields[0], id: id, group: gid, home: fields[5]))
            }
        }
        for fields in Self.lines(group) where fields.count >= 3 {
            let members = fields.count > 3 ? fields[3].split(separator: ",").map(String.init) : []
            if let id = UInt32(fields[2]) { groups.append(Group(name: fields[0], id: id, members: members)) }
        }
    }

    private static func lines(_ bytes: [UInt8]) -> [[String]] {
        bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let text = String(decoding: line, as: UTF8.self)
            let trimmed = text.drop { $0 == " " || $0 == "\t" }
            guard !trimmed.isEmpty, !trimmed.hasPrefix("#") else { return nil }
            return trimmed.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        }
    }
}
