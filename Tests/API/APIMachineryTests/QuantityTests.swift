import APIMachinery
import Testing

@Suite struct QuantityTests {
    /// Text, canonical text, value and milliValue, both rounded up.
    @Test(arguments: [
        ("0", "0", 0, 0), ("1", "1", 1, 1000), ("1000m", "1", 1, 1000), ("1500m", "1500m", 2, 1500),
        ("1.5", "1500m", 2, 1500), (".5", "500m", 1, 500), ("5.", "5", 5, 5000), ("100000", "100k", 100_000, 100_000_000),
        ("1200", "1200", 1200, 1_200_000), ("1M", "1M", 1_000_000, 1_000_000_000), ("+2G", "2G", 2_000_000_000, 2_000_000_000_000),
        ("1Ki", "1Ki", 1024, 1_024_000), ("1.5Gi", "1536Mi", 1_610_612_736, 1_610_612_736_000),
        ("2048Ki", "2Mi", 2_097_152, 2_097_152_000), ("1025", "1025", 1025, 1_025_000),
        ("0.5Ki", "512", 512, 512_000), ("1e3", "1e3", 1000, 1_000_000), ("1E3", "1e3", 1000, 1_000_000),
        ("12e-1", "1200e-3", 2, 1200), ("1E", "1E", 1_000_000_000_000_000_000, Int64.max),
        ("-1", "-1", -1, -1000), ("-1.5Gi", "-1536Mi", -1_610_612_736, -1_610_612_736_000),
        ("100n", "100n", 1, 1), ("0.1n", "1n", 1, 1), ("-1500m", "-1500m", -1, -1500), ("1Ei", "1Ei", 1 << 60, Int64.max),
        ("0.0001Ki", "102400u", 1, 103), ("3u", "3u", 1, 1), ("0Mi", "0", 0, 0),
    ])
    func `parses and writes`(text: String, canonical: String, value: Int64, milli: Int64) throws {
        let quantity = try Quantity(parsing: text)
        #expect(quantity.description == canonical)
        #expect(quantity.value == value)
        #expect(quantity.milliValue == milli)
        #expect(try Quantity(parsing: canonical) == quantity)
    }

    @Test(arguments: ["", "-", "+", ".", "m", "1 ", " 1", "1mi", "1GB", "1kb", "0x10", "1e", "--1", "1.2.3", "1K", "٣", "1m1"])
    func `refuses other texts`(text: String) {
        #expect(throws: QuantityError.self) { try Quantity(parsing: text) }
    }

    /// Exponents at the ends of their type once brought the program down.
    @Test(arguments: [
        ("1e99", "9223372036854775807"), ("99999999999999999999999999999999999999", "9223372036854775807"),
        ("-20Ei", "-9223372036854775807"), ("1e9223372036854775807", "9223372036854775807"), ("1e-9223372036854775808", "1e-9"),
        ("1.5e-9223372036854775808", "1e-9"), ("201635263456489012342201.352634564890069", "9223372036854775807"),
        ("1000000000000000000000000000000000000000e-39", "1"), ("0.5000000000000000000000000000Ei", "512Pi"),
    ])
    func `amounts beyond its range are the largest and the smallest`(text: String, expected: String) throws {
        #expect(try Quantity(parsing: text).description == expected)
    }

    @Test func `refuses an exponent that is no number`() {
        let error = #expect(throws: QuantityError.self) { try Quantity(parsing: "1e9999999999999999999") }
        #expect(error?.reason == .suffix)
    }

    @Test func `adds, subtracts and compares across formats`() throws {
        let sum = try Quantity(parsing: "1Gi") + Quantity(parsing: "512Mi")
        #expect(sum.description == "1536Mi")
        #expect(try Quantity(parsing: "1500m") - Quantity(parsing: "500m") == Quantity(1))
        #expect(try (Quantity.zero + Quantity(parsing: "1Gi")).description == "1Gi")
        #expect(try Quantity(parsing: "1024") == Quantity(parsing: "1Ki"))
        #expect(try Quantity(parsing: "999m") < Quantity(1))
        #expect(try Quantity(parsing: "1.0005").roundedUpToMilli.description == "1001m")
    }

    @Test(arguments: [
        (IntOrString.int(3), 10, true, 3 as Int?), (.string("25%"), 10, true, 3), (.string("25%"), 10, false, 2),
        (.string("100%"), 7, true, 7), (.string("x"), 10, true, nil), (.string("-5%"), 10, true, nil),
    ])
    func `scales percentages`(value: IntOrString, total: Int, up: Bool, expected: Int?) {
        #expect(value.scaled(to: total, roundingUp: up) == expected)
    }
}
