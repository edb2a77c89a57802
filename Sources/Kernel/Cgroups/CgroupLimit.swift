/// A limit as the kernel's `max` files take it: a number, or none.
package enum CgroupLimit: Sendable, Hashable, ExpressibleByIntegerLiteral, CustomStringConvertible {
    case max
    case value(UInt64)

    package init(integerLiteral value: UInt64) { self = .value(value) }

    /// From the convention of the CRI and of OCI: 0 is "not said" (`nil`), a negative number is "no limit".
    package init?(orUnset number: Int64) {
        guard number != 0 else { return nil }
        self = number < 0 ? .max : .value(UInt64(number))
    }

    /// The kernel's spelling.
    package var description: String {
        switch self {
        case .max: "max"
        case .value(let number): String(number)
        }
    }
}
