/// The names of a log's rotated files: `0.log.20260102-030405`, and with `.001` … behind it when one second sees several.
enum LogRotation {
    static func name(of log: Text, at secondsSince1970: Int64, attempt: Int) -> Text {
        let name = log + "." + CivilTime(secondsSince1970: secondsSince1970).compact
        return attempt == 0 ? name : name + "." + Text.digits(UInt64(attempt), width: 3)
    }

    /// The rotated files to delete, oldest first, so that with the current one at most `maxFiles` stay.
    static func excess(of log: Text, among names: [[UInt8]], maxFiles: Int) -> [Text] {
        var rotated = names.filter { name in isRotated(name, of: log) }
        rotated.sort { left, right in left.lexicographicallyPrecedes(right) }
        let keep = max(1, maxFiles - 1)
        return rotated.count <= keep ? [] : rotated[..<(rotated.count - keep)].map { name in Text(name) }
    }

    /// Whether a name is a rotated file of the log; one that is just being compressed (`.tmp`) is not.
    private static func isRotated(_ name: [UInt8], of log: Text) -> Bool {
        let prefix = (log + ".").bytes
        return name.count > prefix.count && name.starts(with: prefix) && !name.reversed().starts(with: [0x70, 0x6d, 0x74, 0x2e])
    }
}
