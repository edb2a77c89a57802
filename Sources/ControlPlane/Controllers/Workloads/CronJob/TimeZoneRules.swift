internal import APIMachinery
private import Glibc

/// How far a zone's clocks are from UTC at each time, read from the time zone database (RFC 9636, TZif).
struct TimeZoneRules: Hashable, Sendable {
    /// Since when, in seconds since 1970, and seconds east of Greenwich from then on.
    private var changes: [Int] = []
    private var offsets: [Int] = []
    private var first = 0
    private var rule: PosixTimeZone?

    static let utc = TimeZoneRules()

    private init() {}

    /// - Throws: What is wrong with the file.
    init(parsing bytes: [UInt8]) throws(TimeZoneError) {
        var reader = Reader(bytes: bytes)
        let header = try reader.header()
        guard header.version >= 0x32 else { throw TimeZoneError(description: "a time zone file of version 1, without 64-bit times") }
        // What old readers need stands in front, in 32 bits.
        try reader.skip(header.size(timeBytes: 4))
        let own = try reader.header()
        changes = try (0..<own.timeCount).map { _ throws(TimeZoneError) in try reader.number(8) }
        let indexes = try reader.take(own.timeCount)
        let types = try (0..<own.typeCount).map { _ throws(TimeZoneError) in
            let offset = try reader.number(4)
            try reader.skip(2)
            return offset
        }
        offsets = try indexes.map { index throws(TimeZoneError) in
            guard Int(index) < types.count else { throw TimeZoneError(description: "a time zone file names a type that it lacks") }
            return types[Int(index)]
        }
        first = types.first ?? 0
        try reader.skip(own.tailSize(timeBytes: 8))
        let footer = String(decoding: reader.rest, as: UTF8.self)
        rule = footer.split(separator: "\n").first.flatMap { PosixTimeZone(String($0)) }
    }

    /// Reads a zone of the host's database.
    ///
    /// - Parameter name: nil for the host's own zone; where that is not set, UTC.
    static func load(_ name: String?) throws(TimeZoneError) -> TimeZoneRules {
        guard let name else { return (try? contents("/etc/localtime").map { try TimeZoneRules(parsing: $0) }) ?? .utc }
        if name == "UTC" || name.isEmpty { return .utc }
        guard !name.hasPrefix("/"), !name.contains("\\"), !name.split(separator: "/").contains("..") else {
            throw TimeZoneError(description: "time: invalid location name")
        }
        for directory in ["/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/etc/zoneinfo"] {
            if let bytes = contents("\(directory)/\(name)") { return try TimeZoneRules(parsing: bytes) }
        }
        throw TimeZoneError(description: "unknown time zone \(name)")
    }

    /// Seconds east of Greenwich.
    func offset(at seconds: Int) -> Int {
        guard let start = changes.first, seconds >= start else { return changes.isEmpty ? rule?.offset(at: seconds) ?? first : first }
        if let last = changes.last, seconds >= last, let rule { return rule.offset(at: seconds) }
        var (low, high) = (0, changes.count)
        while low < high {
            let middle = (low + high) / 2
            if changes[middle] <= seconds { low = middle + 1 } else { high = middle }
        }
        return offsets[low - 1]
    }

    /// The times, in UTC, at which the zone's clocks show a local time: none when it is skipped, two when it comes twice.
    func instants(ofLocal local: Int) -> [Int] {
        // No two changes are within two days of each other.
        let possible = Set([offset(at: local - 86_400), offset(at: local + 86_400)])
        return possible.map { local - $0 }.filter { offset(at: $0) == local - $0 }.sorted()
    }

    private static func contents(_ path: String) -> [UInt8]? {
        guard let file = unsafe fopen(path, "re") else { return nil }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 8192)
        while case let count = unsafe fread(&buffer, 1, buffer.count, file), count > 0 {
            bytes += buffer[..<count]
            // The largest of the database has a few thousand bytes.
            if bytes.count > 1 << 20 { return nil }
        }
        return bytes
    }
}

struct TimeZoneError: Error, Hashable, CustomStringConvertible {
    let description: String
}

private struct Header {
    var version: UInt8
    var utCount, standardCount, leapCount, timeCount, typeCount, characterCount: Int

    func size(timeBytes: Int) -> Int { timeCount * (timeBytes + 1) + typeCount * 6 + tailSize(timeBytes: timeBytes) }
    /// Names, leap seconds and indicators, which don't matter here.
    func tailSize(timeBytes: Int) -> Int { characterCount + leapCount * (timeBytes + 4) + standardCount + utCount }
}

private struct Reader {
    let bytes: [UInt8]
    private var place = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    var rest: ArraySlice<UInt8> { bytes[place...] }

    mutating func header() throws(TimeZoneError) -> Header {
        guard try take(4).elementsEqual("TZif".utf8) else { throw TimeZoneError(description: "no time zone file") }
        let version = try take(16).first ?? 0
        let counts = try (0..<6).map { _ throws(TimeZoneError) in try number(4) }
        guard counts.allSatisfy({ 0...100_000 ~= $0 }) else { throw TimeZoneError(description: "a time zone file with impossible counts") }
        return Header(
            version: version, utCount: counts[0], standardCount: counts[1], leapCount: counts[2], timeCount: counts[3],
            typeCount: counts[4], characterCount: counts[5])
    }

    mutating func take(_ count: Int) throws(TimeZoneError) -> ArraySlice<UInt8> {
        guard count <= bytes.count - place else { throw TimeZoneError(description: "a time zone file that is cut off") }
        defer { place += count }
        return bytes[place..<place + count]
    }

    mutating func skip(_ count: Int) throws(TimeZoneError) { _ = try take(count) }

    /// Big-endian, with a sign.
    mutating func number(_ size: Int) throws(TimeZoneError) -> Int {
        let unsigned = try take(size).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return size == 8 ? Int(Int64(bitPattern: unsigned)) : Int(Int32(truncatingIfNeeded: unsigned))
    }
}
