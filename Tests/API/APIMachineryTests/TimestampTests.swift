import APIMachinery
import Testing

@Suite struct TimestampTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0, 0, "1970-01-01T00:00:00Z"),
        ("2026-02-28T23:59:59.123456789Z", 1_772_323_199, 123_456_789, "2026-02-28T23:59:59Z"),
        ("2024-02-29T12:00:00+02:30", 1_709_199_000, 0, "2024-02-29T09:30:00Z"),
        ("1969-12-31T23:59:59.5Z", -1, 500_000_000, "1969-12-31T23:59:59Z"),
        ("0001-01-01T00:00:00Z", -62_135_596_800, 0, "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59Z", 253_402_300_799, 0, "9999-12-31T23:59:59Z"),
        ("2000-01-01t00:00:00.1234567891-01:00", 946_688_400, 123_456_789, "2000-01-01T01:00:00Z"),
    ])
    func `reads and writes RFC 3339`(text: String, seconds: Int64, nanoseconds: Int32, written: String) throws {
        let time = try #require(Timestamp(text))
        #expect(time.seconds == seconds)
        #expect(time.nanoseconds == nanoseconds)
        #expect(time.description == written)
    }

    @Test(arguments: [
        "", "yesterday", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z", "2026-01-01 00:00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00Zx", "2026-1-1T00:00:00Z", "2026-01-01T00:00:00+25:00",
    ])
    func `refuses other texts`(text: String) { #expect(Timestamp(text) == nil) }

    @Test func `formats fractions by cutting off`() {
        let time = Timestamp(seconds: 1, nanoseconds: 999_999_999)
        #expect(time.formatted(fractionDigits: 6) == "1970-01-01T00:00:01.999999Z")
        #expect(time.formatted(fractionDigits: 9) == "1970-01-01T00:00:01.999999999Z")
        #expect(MicroTimestamp(Timestamp(seconds: 1, nanoseconds: 5000)).description == "1970-01-01T00:00:01.000005Z")
    }

    @Test func `adds durations and measures between points`() {
        let time = Timestamp(seconds: 10, nanoseconds: 900_000_000)
        #expect(time + .milliseconds(200) == Timestamp(seconds: 11, nanoseconds: 100_000_000))
        #expect(time - .seconds(11) == Timestamp(seconds: -1, nanoseconds: 900_000_000))
        #expect(Timestamp(seconds: 12) - time == .milliseconds(1100))
        #expect(Timestamp(nanosecondsSinceEpoch: -1).seconds == -1)
        #expect(Timestamp(nanosecondsSinceEpoch: -1).nanosecondsSinceEpoch == -1)
        #expect(Timestamp.now() > Timestamp("2025-01-01T00:00:00Z")!)
    }

    @Test func `every day of four centuries comes back`() {
        for day in stride(from: Int64(-135_140), to: 11_000, by: 1) {
            let time = Timestamp(seconds: day * 86_400)
            #expect(Timestamp(time.description) == time)
        }
    }
}
