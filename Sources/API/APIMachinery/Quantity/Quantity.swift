/// An exact amount of a resource: `500m`, `1.5Gi`, `2e3`.
///
/// The finest step is a billionth; what is finer is rounded away from zero, as upstream does.
/// Two quantities are equal when their amounts are, whatever their format.
package struct Quantity: Sendable {
    package enum Format: Sendable { case decimalSI, binarySI, decimalExponent }

    /// Billionths.
    let nanos: Int128
    /// The family of suffixes to write the amount with.
    package let format: Format

    init(nanos: Int128, format: Format) {
        self.nanos = nanos
        self.format = format
    }

    package init(_ value: Int64, format: Format = .decimalSI) {
        self.init(nanos: Int128(value) * Self.nanosPerUnit, format: format)
    }

    package init(milliValue: Int64, format: Format = .decimalSI) {
        self.init(nanos: Int128(milliValue) * Self.nanosPerMilli, format: format)
    }

    package static let zero = Quantity(0)
    static let nanosPerUnit: Int128 = 1_000_000_000
    static let nanosPerMilli: Int128 = 1_000_000
}

extension Quantity {
    /// Whole units, rounded up; the nearest `Int64` when it is outside their range.
    package var value: Int64 { Int64(clamping: nanos.dividedRoundingUp(by: Self.nanosPerUnit)) }

    /// Thousandths, rounded up; the nearest `Int64` when it is outside their range.
    package var milliValue: Int64 { Int64(clamping: nanos.dividedRoundingUp(by: Self.nanosPerMilli)) }

    package var isZero: Bool { nanos == 0 }
    package var isNegative: Bool { nanos < 0 }

    /// Whether it is a whole number of units.
    package var isInteger: Bool { nanos % Self.nanosPerUnit == 0 }

    /// Whether it is a whole number of thousandths.
    package var isMilliPrecise: Bool { nanos % Self.nanosPerMilli == 0 }

    package var doubleValue: Double { Double(nanos) / 1e9 }

    /// The same amount, or the next larger whole number of thousandths.
    package var roundedUpToMilli: Quantity {
        isMilliPrecise
            ? self
            : Quantity(nanos: nanos.dividedRoundingUp(by: Self.nanosPerMilli) * Self.nanosPerMilli, format: format)
    }
}

extension Quantity: Hashable, Comparable {
    package static func == (left: Quantity, right: Quantity) -> Bool { left.nanos == right.nanos }
    package static func < (left: Quantity, right: Quantity) -> Bool { left.nanos < right.nanos }
    package func hash(into hasher: inout Hasher) { hasher.combine(nanos) }
}

extension Quantity {
    /// The sum, in the left format, or in the right one when the left side is zero. Stops at the largest amount.
    package static func + (left: Quantity, right: Quantity) -> Quantity {
        let (sum, overflow) = left.nanos.addingReportingOverflow(right.nanos)
        let limit: Int128 = right.nanos < 0 ? .min : .max
        return Quantity(nanos: overflow ? limit : sum, format: left.isZero ? right.format : left.format)
    }

    package static func - (left: Quantity, right: Quantity) -> Quantity { left + -right }
    package static prefix func - (value: Quantity) -> Quantity {
        Quantity(nanos: value.nanos == .min ? .max : -value.nanos, format: value.format)
    }
    package static func += (left: inout Quantity, right: Quantity) { left = left + right }
    package static func -= (left: inout Quantity, right: Quantity) { left = left - right }
}

extension Int128 {
    /// - Parameter divisor: Greater than 0.
    func dividedRoundingUp(by divisor: Int128) -> Int128 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder > 0 ? quotient + 1 : quotient
    }
}
