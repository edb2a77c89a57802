private import Glibc

/// Names of the time zone database.
enum TimeZoneNames {
    /// Whether the host's database (tzdata) has the zone. Where there is no database, only `UTC` is known.
    static func contains(_ name: String) -> Bool {
        if name == "UTC" { return true }
        guard !name.hasPrefix("/"), !name.contains("\\"), !name.split(separator: "/").contains(".."), !name.utf8.contains(0)
        else { return false }
        return ["/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/etc/zoneinfo"].contains { directory in
            var status = stat()
            // S_IFREG alone: a directory such as "Europe" is no zone.
            return unsafe stat("\(directory)/\(name)", &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        }
    }
}
