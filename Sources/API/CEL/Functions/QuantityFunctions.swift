internal import APIMachinery

/// Amounts of resources: `quantity('1.5Gi')`.
struct CELQuantity: OpaqueRepresentable {
    static let typeName = "kubernetes.Quantity"
    var quantity: Quantity

    func comparison(_ other: CELQuantity) -> Int64 { quantity < other.quantity ? -1 : quantity == other.quantity ? 0 : 1 }
}

extension Libraries {
    static func addQuantities(_ table: inout FunctionTable) {
        table.global("quantity") { (text: String) in
            do {
                return CELQuantity(quantity: try Quantity(parsing: text))
            } catch {
                throw CELEvaluationError("\(error)")
            }
        }
        table.global("isQuantity") { (text: String) in (try? Quantity(parsing: text)) != nil }
        table.member("sign") { (value: CELQuantity) in value.quantity.isZero ? 0 : value.quantity.isNegative ? Int64(-1) : 1 }
        table.member("isInteger") { (value: CELQuantity) in value.quantity.isInteger }
        table.member("asInteger") { (value: CELQuantity) in
            guard value.quantity.isInteger else {
                throw CELEvaluationError("cannot convert value to integer")
            }
            return value.quantity.value
        }
        table.member("asApproximateFloat") { (value: CELQuantity) in value.quantity.doubleValue }
        table.member("add") { (one: CELQuantity, two: CELQuantity) in CELQuantity(quantity: one.quantity + two.quantity) }
        table.member("add") { (one: CELQuantity, two: Int64) in CELQuantity(quantity: one.quantity + Quantity(two)) }
        table.member("sub") { (one: CELQuantity, two: CELQuantity) in CELQuantity(quantity: one.quantity - two.quantity) }
        table.member("sub") { (one: CELQuantity, two: Int64) in CELQuantity(quantity: one.quantity - Quantity(two)) }
        table.member("isLessThan") { (one: CELQuantity, two: CELQuantity) in one.comparison(two) < 0 }
        table.member("isGreaterThan") { (one: CELQuantity, two: CELQuantity) in one.comparison(two) > 0 }
        table.member("compareTo") { (one: CELQuantity, two: CELQuantity) in one.comparison(two) }
    }
}
