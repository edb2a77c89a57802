extension Quantity: CustomStringConvertible {
    /// The canonical form: the largest suffix of the format with which no fraction is left.
    ///
    /// A binary quantity between -1024 and 1024 is written as a decimal one.
    package var description: String {
        guard nanos != 0 else { return "0" }
        switch format {
        case .decimalSI: return decimalText { Self.decimalSuffix(ofExponent: $0) }
        case .decimalExponent: return decimalText { $0 == 0 ? "" : "e\($0)" }
        case .binarySI:
            let limit = 1024 * Self.nanosPerUnit
            if nanos > -limit, nanos < limit { return decimalText { Self.decimalSuffix(ofExponent: $0) } }
            return binaryText
        }
    }

    private static func decimalSuffix(ofExponent exponent: Int) -> String {
        decimalSuffixes.first { $0.exponent == exponent }.map { String($0.suffix) } ?? ""
    }

    private func decimalText(suffix: (Int) -> String) -> String {
        var mantissa = nanos
        var exponent = -9
        while exponent < 18, mantissa % 1000 == 0 {
            mantissa /= 1000
            exponent += 3
        }
        return "\(mantissa)\(suffix(exponent))"
    }

    /// Fractions of a unit are rounded away from zero.
    private var binaryText: String {
        let magnitude = nanos.magnitude
        let unit = UInt128(Self.nanosPerUnit)
        var mantissa = magnitude / unit + (magnitude % unit == 0 ? 0 : 1)
        var step = 0
        while step < Self.binarySuffixes.count, mantissa % 1024 == 0 {
            mantissa /= 1024
            step += 1
        }
        let suffix = step == 0 ? "" : Self.binarySuffixes[step - 1].suffix
        return "\(nanos < 0 ? "-" : "")\(mantissa)\(suffix)"
    }
}
