private import Glibc

/// A time zone as the machine's database has it: tzfile(5), RFC 8536.
struct ZoneFile {
    /// In ascending order.
    private var transitions: [(at: Int64, offset: Int64)] = []
    private var first: Int64 = 0
    /// What holds behind the last transition.
    private var rule: ZoneRule?

    /// - Returns: nil for a name that the database does not have.
    static func read(_ name: String) -> ZoneFile? {
        let isName = name.utf8.allSatisfy { byte in
            let scalar = Unicode.Scalar(byte)
            return Lexer.isLetter(scalar) || Lexer.isDigit(scalar) || "/+-".unicodeScalars.contains(scalar)
        }
        guard isName, !name.hasPrefix("/"), !name.isEmpty, let bytes = contents("/usr/share/zoneinfo/\(name)") else { return nil }
        return ZoneFile(bytes)
    }

    private static func contents(_ path: String) -> [UInt8]? {
        guard let file = unsafe fopen(path, "re") else { return nil }
        defer { unsafe fclose(file) }
        // The largest zones have some thousand bytes.
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe fread($0.baseAddress, 1, $0.count, file) }
        return Array(bytes.prefix(count))
    }

    private init?(_ bytes: [UInt8]) {
        guard bytes.count >= 44, bytes.starts(with: "TZif".utf8), bytes[4] >= UInt8(ascii: "2") else { return nil }
        // The first block counts in 32 bits; the second one says the same in 64.
        let short = Header(bytes, at: 0)
        let start = 44 + short.length(timeSize: 4)
        guard bytes.count >= start + 44 else { return nil }
        let header = Header(bytes, at: start)
        let body = start + 44
        guard bytes.count >= body + header.length(timeSize: 8), header.types > 0 else { return nil }
        let kinds = body + header.times * 8
        let table = kinds + header.times
        func offset(_ kind: Int) -> Int64 { Int64(Int32(truncatingIfNeeded: Self.number(bytes, at: table + kind * 6, 4))) }
        first = offset(0)
        for index in 0..<header.times {
            let kind = Int(bytes[kinds + index])
            guard kind < header.types else { return nil }
            transitions.append((Self.number(bytes, at: body + index * 8, 8), offset(kind)))
        }
        let footer = bytes.dropFirst(body + header.length(timeSize: 8)).drop { $0 == 10 }.prefix { $0 != 10 }
        rule = ZoneRule(String(decoding: footer, as: UTF8.self))
    }

    private struct Header {
        var times: Int
        var types: Int
        private var others: Int

        private var leaps: Int

        init(_ bytes: [UInt8], at start: Int) {
            func count(_ index: Int) -> Int { Int(ZoneFile.number(bytes, at: start + 20 + index * 4, 4)) }
            // isutcnt, isstdcnt, leapcnt, timecnt, typecnt, charcnt. A file's counts are bounded by what was read of it.
            others = min(count(0), 65_536) + min(count(1), 65_536) + min(count(5), 65_536)
            leaps = min(count(2), 65_536)
            times = min(count(3), 65_536)
            types = min(count(4), 65_536)
        }

        func length(timeSize: Int) -> Int { times * (timeSize + 1) + types * 6 + leaps * (timeSize + 4) + others }
    }

    private static func number(_ bytes: [UInt8], at start: Int, _ count: Int) -> Int64 {
        guard start + count <= bytes.count else { return 0 }
        let value = bytes[start..<start + count].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return count == 8 ? Int64(bitPattern: value) : Int64(value)
    }

    func offset(at seconds: Int64) -> Int64 {
        guard let last = transitions.last else { return rule?.offset(at: seconds) ?? first }
        if seconds >= last.at { return rule?.offset(at: seconds) ?? last.offset }
        return transitions.last { $0.at <= seconds }?.offset ?? first
    }
}
