/// How far a time zone's clocks are from UTC.
enum TimeZoneOffset {
    /// - Parameters:
    ///   - name: `UTC`, `Local`, an offset such as `-08:00` or `02:00`, or a name of the IANA database.
    ///   - seconds: The point in time, since 1970.
    /// - Returns: Seconds east of UTC; nil for a zone that is not known.
    static func seconds(_ name: String, at seconds: Int64) -> Int64? {
        if ["", "UTC", "Local", "Z"].contains(name) { return 0 }
        if name.contains(":") { return offset(name) }
        return ZoneFile.read(name)?.offset(at: seconds)
    }

    private static func offset(_ text: String) -> Int64? {
        let isWest = text.hasPrefix("-")
        let parts = text.drop { "+-".contains($0) }.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let hours = Int64(parts[0]), let minutes = Int64(parts[1]), (0..<24).contains(hours),
            (0..<60).contains(minutes)
        else { return nil }
        return (hours * 3600 + minutes * 60) * (isWest ? -1 : 1)
    }
}
