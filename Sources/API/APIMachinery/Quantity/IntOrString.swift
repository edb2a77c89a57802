/// A number, or a string such as a port's name or a percentage.
package enum IntOrString: Hashable, Sendable, CustomStringConvertible {
    case int(Int32)
    case string(String)

    package var description: String {
        switch self {
        case .int(let value): "\(value)"
        case .string(let value): value
        }
    }

    /// The number before the sign of a percentage `NN%`; nil for everything else.
    package var percentage: Int? {
        guard case .string(let text) = self, text.last == "%" else { return nil }
        let digits = text.dropLast()
        return digits.allSatisfy { ("0"..."9").contains($0) } ? Int(digits) : nil
    }

    /// The number itself, or the percentage of `total`.
    ///
    /// - Returns: Nil for a string that is no percentage.
    package func scaled(to total: Int, roundingUp: Bool) -> Int? {
        if case .int(let value) = self { return Int(value) }
        guard let percentage else { return nil }
        let (hundredths, overflow) = percentage.multipliedReportingOverflow(by: total)
        guard !overflow else { return nil }
        return hundredths / 100 + (roundingUp && hundredths % 100 > 0 ? 1 : 0)
    }
}
