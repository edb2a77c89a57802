internal import APIMachinery

extension Libraries {
    private static let (a, b) = (CELType.parameter("A"), CELType.parameter("B"))

    /// What steps of their own evaluate is declared here for its types only.
    private static let ownStep: Overload.Body = { _, _ in throw CELEvaluationError.noSuchOverload }

    static func addOperators(_ table: inout FunctionTable) {
        table.global(Operator.conditional, [.bool, a, a], a, ownStep)
        table.global(Operator.and, [.bool, .bool], .bool, ownStep)
        table.global(Operator.or, [.bool, .bool], .bool, ownStep)
        table.global(Operator.equal, [a, a], .bool, ownStep)
        table.global(Operator.unequal, [a, a], .bool, ownStep)
        table.global(Operator.index, [.list(a), .int], a, ownStep)
        table.global(Operator.index, [.map(a, b), a], b, ownStep)
        table.global(Operator.index, [.optional(.list(a)), .int], .optional(a), ownStep)
        table.global(Operator.index, [.optional(.map(a, b)), a], .optional(b), ownStep)
        for wrapped in [{ $0 }, { CELType.optional($0) }] as [(CELType) -> CELType] {
            table.global(Operator.optionalIndex, [wrapped(.list(a)), .int], .optional(a), ownStep)
            table.global(Operator.optionalIndex, [wrapped(.map(a, b)), a], .optional(b), ownStep)
        }
        table.global(Operator.not) { (value: Bool) in !value }
        addMembership(&table)
        addOrder(&table)
    }

    private static func addMembership(_ table: inout FunctionTable) {
        table.global(Operator.isIn, [a, .list(a)], .bool) { arguments, meter in
            guard case .list(let list) = arguments[1] else { throw CELEvaluationError.noSuchOverload }
            try meter.charge(list.count)
            return .bool((0..<list.count).contains { list[$0].equals(arguments[0]) })
        }
        table.global(Operator.isIn, [a, .map(a, b)], .bool) { arguments, _ in
            guard let key = CELMapKey(arguments[0]) else { return .bool(false) }
            switch (arguments[1], key) {
            case (.map(let map), _): return .bool(map[key] != nil)
            case (.fields(let fields), .string(let name)): return .bool(fields.hasField(name))
            default: return .bool(false)
            }
        }
    }

    private static func addOrder(_ table: inout FunctionTable) {
        let same: [CELType] = [.bool, .string, .bytes, .timestamp, .duration]
        let numbers: [CELType] = [.int, .uint, .double]
        let pairs = same.map { ($0, $0) } + numbers.flatMap { one in numbers.map { (one, $0) } }
        let accepted: [(String, @Sendable (CELValue.Ordering) -> Bool)] = [
            ("_<_", { $0 == .less }), ("_<=_", { $0 != .greater }), ("_>_", { $0 == .greater }), ("_>=_", { $0 != .less }),
        ]
        for (name, isMet) in accepted {
            for (left, right) in pairs {
                table.global(name, [left, right], .bool) { arguments, meter in
                    try meter.chargeTraversal(min(arguments[0].traversalSize, arguments[1].traversalSize))
                    // Not a number has no order with anything.
                    return .bool(arguments[0].compare(arguments[1]).map(isMet) ?? false)
                }
            }
        }
    }

    // MARK: Numbers

    private static func overflow(_ type: String) -> CELEvaluationError { CELEvaluationError("\(type) overflow") }

    private static func addWhole<Number: FixedWidthInteger & CELRepresentable>(_ table: inout FunctionTable, _: Number.Type, _ name: String)
    {
        let operations: [(String, @Sendable (Number, Number) -> (partialValue: Number, overflow: Bool))] = [
            ("_+_", { $0.addingReportingOverflow($1) }), ("_-_", { $0.subtractingReportingOverflow($1) }),
            ("_*_", { $0.multipliedReportingOverflow(by: $1) }),
        ]
        for (symbol, operation) in operations {
            table.global(symbol) { (left: Number, right: Number) in
                let (result, isOver) = operation(left, right)
                if isOver { throw overflow(name) }
                return result
            }
        }
        table.global("_/_") { (left: Number, right: Number) in
            guard right != 0 else { throw CELEvaluationError("division by zero") }
            let (result, isOver) = left.dividedReportingOverflow(by: right)
            if isOver { throw overflow(name) }
            return result
        }
        table.global("_%_") { (left: Number, right: Number) in
            guard right != 0 else { throw CELEvaluationError("modulus by zero") }
            let (result, isOver) = left.remainderReportingOverflow(dividingBy: right)
            if isOver { throw overflow(name) }
            return result
        }
    }

    static func addArithmetic(_ table: inout FunctionTable) {
        addWhole(&table, Int64.self, "integer")
        addWhole(&table, UInt64.self, "unsigned integer")
        table.global("_+_") { (left: Double, right: Double) in left + right }
        table.global("_-_") { (left: Double, right: Double) in left - right }
        table.global("_*_") { (left: Double, right: Double) in left * right }
        table.global("_/_") { (left: Double, right: Double) in left / right }
        table.global(Operator.negate) { (value: Int64) in
            guard value != .min else { throw overflow("integer") }
            return -value
        }
        table.global(Operator.negate) { (value: Double) in -value }
        table.global("_+_") { (left: String, right: String) in left + right }
        table.global("_+_") { (left: CELBytes, right: CELBytes) in CELBytes(left.bytes + right.bytes) }
        table.global("_+_", [.list(a), .list(a)], .list(a)) { arguments, meter in
            guard case .list(let left) = arguments[0], case .list(let right) = arguments[1] else {
                throw CELEvaluationError.noSuchOverload
            }
            try meter.chargeTraversal(left.count + right.count)
            if left.identity != .atomic { try meter.charge(min(left.count, 1 << 20) * min(right.count, 1 << 20)) }
            return .list(left.appending(right))
        }
    }

    // MARK: Times

    static func addTimeArithmetic(_ table: inout FunctionTable) {
        let over = CELEvaluationError("timestamp overflow")
        @Sendable func moved(_ time: Timestamp, by nanoseconds: Int128) throws -> Timestamp {
            let sum = Int128(time.seconds) * 1_000_000_000 + Int128(time.nanoseconds) + nanoseconds
            let (seconds, rest) = sum.quotientAndRemainder(dividingBy: 1_000_000_000)
            guard let moved = TimestampText.checked(seconds: Int64(seconds), nanoseconds: Int64(rest)) else { throw over }
            return moved
        }
        table.global("_+_") { (time: Timestamp, length: CELNanoseconds) in try moved(time, by: Int128(length.count)) }
        table.global("_+_") { (length: CELNanoseconds, time: Timestamp) in try moved(time, by: Int128(length.count)) }
        table.global("_-_") { (time: Timestamp, length: CELNanoseconds) in try moved(time, by: -Int128(length.count)) }
        table.global("_-_") { (left: Timestamp, right: Timestamp) in
            let between =
                (Int128(left.seconds) - Int128(right.seconds)) * 1_000_000_000 + Int128(left.nanoseconds) - Int128(right.nanoseconds)
            guard let length = Int64(exactly: between) else { throw overflow("duration") }
            return CELNanoseconds(length)
        }
        table.global("_+_") { (left: CELNanoseconds, right: CELNanoseconds) in
            let (sum, isOver) = left.count.addingReportingOverflow(right.count)
            if isOver { throw overflow("duration") }
            return CELNanoseconds(sum)
        }
        table.global("_-_") { (left: CELNanoseconds, right: CELNanoseconds) in
            let (sum, isOver) = left.count.subtractingReportingOverflow(right.count)
            if isOver { throw overflow("duration") }
            return CELNanoseconds(sum)
        }
        table.global(Operator.negate) { (length: CELNanoseconds) in
            guard length.count != .min else { throw overflow("duration") }
            return CELNanoseconds(-length.count)
        }
    }
}
