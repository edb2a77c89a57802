/// The functions of `math.`, sets and encodings (cel-go `ext/math.go`, `ext/sets.go`, `ext/encoders.go`).
extension Libraries {
    static func addMath(_ table: inout FunctionTable) {
        addExtremesOfNumbers(&table)
        addRounding(&table)
        addBits(&table)
    }

    private static let maxArguments = 8

    private static func addExtremesOfNumbers(_ table: inout FunctionTable) {
        for (name, wanted) in [("math.greatest", CELValue.Ordering.greater), ("math.least", .less)] {
            for type in [CELType.int, .uint, .double] {
                for count in 1...maxArguments {
                    table.global(name, Array(repeating: type, count: count), type) { arguments, _ in try extreme(arguments, wanted, name) }
                }
                table.global(name, [.list(type)], type) { arguments, meter in
                    guard case .list(let list) = arguments[0] else { throw CELEvaluationError.noSuchOverload }
                    try meter.charge(list.count)
                    return try extreme(list.values, wanted, name)
                }
            }
        }
    }

    private static func extreme(_ values: [CELValue], _ wanted: CELValue.Ordering, _ name: String) throws -> CELValue {
        guard var best = values.first else { throw CELEvaluationError("\(name)(list) argument must not be empty") }
        for value in values.dropFirst() {
            guard let order = value.compare(best) else { throw CELEvaluationError.noSuchOverload }
            if order == wanted { best = value }
        }
        return best
    }

    private static func addRounding(_ table: inout FunctionTable) {
        let roundings: [(String, FloatingPointRoundingRule)] = [
            ("math.ceil", .up), ("math.floor", .down), ("math.round", .toNearestOrAwayFromZero), ("math.trunc", .towardZero),
        ]
        for (name, rule) in roundings { table.global(name) { (value: Double) in value.rounded(rule) } }
        table.global("math.isNaN") { (value: Double) in value.isNaN }
        table.global("math.isInf") { (value: Double) in value.isInfinite }
        table.global("math.isFinite") { (value: Double) in value.isFinite }
        table.global("math.sqrt") { (value: Double) in value.squareRoot() }
        table.global("math.sqrt") { (value: Int64) in Double(value).squareRoot() }
        table.global("math.sqrt") { (value: UInt64) in Double(value).squareRoot() }
        table.global("math.abs") { (value: Double) in abs(value) }
        table.global("math.abs") { (value: UInt64) in value }
        table.global("math.abs") { (value: Int64) in
            guard value != .min else { throw CELEvaluationError("integer overflow") }
            return abs(value)
        }
        table.global("math.sign") { (value: Int64) in value.signum() }
        table.global("math.sign") { (value: UInt64) in value > 0 ? UInt64(1) : 0 }
        table.global("math.sign") { (value: Double) in value.isNaN ? value : value > 0 ? 1.0 : value < 0 ? -1.0 : 0.0 }
    }

    private static func addBits(_ table: inout FunctionTable) {
        table.global("math.bitAnd") { (one: Int64, two: Int64) in one & two }
        table.global("math.bitAnd") { (one: UInt64, two: UInt64) in one & two }
        table.global("math.bitOr") { (one: Int64, two: Int64) in one | two }
        table.global("math.bitOr") { (one: UInt64, two: UInt64) in one | two }
        table.global("math.bitXor") { (one: Int64, two: Int64) in one ^ two }
        table.global("math.bitXor") { (one: UInt64, two: UInt64) in one ^ two }
        table.global("math.bitNot") { (value: Int64) in ~value }
        table.global("math.bitNot") { (value: UInt64) in ~value }
        @Sendable func places(_ count: Int64, _ name: String) throws -> UInt64 {
            guard count >= 0 else { throw CELEvaluationError("math.\(name)() negative offset: \(count)") }
            return UInt64(count)
        }
        table.global("math.bitShiftLeft") { (value: Int64, count: Int64) in try value << places(count, "bitShiftLeft") }
        table.global("math.bitShiftLeft") { (value: UInt64, count: Int64) in try value << places(count, "bitShiftLeft") }
        // Zeros move in from the left whatever the sign.
        table.global("math.bitShiftRight") { (value: Int64, count: Int64) in
            try Int64(bitPattern: UInt64(bitPattern: value) >> places(count, "bitShiftRight"))
        }
        table.global("math.bitShiftRight") { (value: UInt64, count: Int64) in try value >> places(count, "bitShiftRight") }
    }

    // MARK: Sets

    static func addSets(_ table: inout FunctionTable) {
        let lists = [CELType.list(.parameter("T")), .list(.parameter("T"))]
        @Sendable func values(_ arguments: [CELValue], _ meter: inout CELMeter) throws -> ([CELValue], [CELValue]) {
            guard case .list(let one) = arguments[0], case .list(let two) = arguments[1] else { throw CELEvaluationError.noSuchOverload }
            try meter.charge(min(one.count, 1 << 20) * min(two.count, 1 << 20))
            return (one.values, two.values)
        }
        table.global("sets.contains", lists, .bool) { arguments, meter in
            let (one, two) = try values(arguments, &meter)
            return .bool(isSubset(two, of: one))
        }
        table.global("sets.equivalent", lists, .bool) { arguments, meter in
            let (one, two) = try values(arguments, &meter)
            return .bool(isSubset(one, of: two) && isSubset(two, of: one))
        }
        table.global("sets.intersects", lists, .bool) { arguments, meter in
            let (one, two) = try values(arguments, &meter)
            return .bool(one.contains { value in two.contains { $0.equals(value) } })
        }
    }

    private static func isSubset(_ part: [CELValue], of whole: [CELValue]) -> Bool {
        part.allSatisfy { value in whole.contains { $0.equals(value) } }
    }
}
