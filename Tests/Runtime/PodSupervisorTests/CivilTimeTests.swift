import Testing

@testable import PodSupervisor

struct CivilTimeTests {
    @Test(arguments: [
        (Int64(0), "1970-01-01T00:00:00", "19700101-000000"), (951_782_399, "2000-02-28T23:59:59", "20000228-235959"),
        (951_782_400, "2000-02-29T00:00:00", "20000229-000000"), (1_709_251_199, "2024-02-29T23:59:59", "20240229-235959"),
        (1_767_323_045, "2026-01-02T03:04:05", "20260102-030405"), (4_107_542_400, "2100-03-01T00:00:00", "21000301-000000"),
        (-1, "1969-12-31T23:59:59", "19691231-235959"), (-86_401, "1969-12-30T23:59:59", "19691230-235959"),
    ])
    func `seconds become a date of the Gregorian calendar`(seconds: Int64, rfc3339: String, compact: String) {
        let time = CivilTime(secondsSince1970: seconds)
        #expect(String(decoding: time.rfc3339, as: UTF8.self) == rfc3339)
        #expect(String(decoding: time.compact, as: UTF8.self) == compact)
    }

    @Test func `a prefix has 40 bytes and 9 digits of the second`() {
        var prefix = LogPrefix()
        prefix.set(nanosecondsSince1970: 1_767_323_045_123_456_789, stream: .stdout)
        #expect(String(decoding: prefix.bytes, as: UTF8.self) == "2026-01-02T03:04:05.123456789Z stdout F ")
        prefix.set(nanosecondsSince1970: 1_767_323_045_000_000_007, stream: .stderr)
        #expect(String(decoding: prefix.bytes, as: UTF8.self) == "2026-01-02T03:04:05.000000007Z stderr F ")
        prefix.set(nanosecondsSince1970: 1_767_323_046_100_000_000, stream: .stdout)
        #expect(String(decoding: prefix.bytes, as: UTF8.self) == "2026-01-02T03:04:06.100000000Z stdout F ")
        #expect(prefix.bytes.count == LogPrefix.size && prefix.bytes[LogPrefix.tagIndex] == UInt8(ascii: "F"))
    }
}
