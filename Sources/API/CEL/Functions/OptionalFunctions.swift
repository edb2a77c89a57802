extension Libraries {
    /// Values that may be there. `or` and `orValue` are steps of their own.
    static func addOptionals(_ table: inout FunctionTable) {
        let a = CELType.parameter("A")
        let ownStep: Overload.Body = { _, _ in throw CELEvaluationError.noSuchOverload }
        table.global("optional.of", [a], .optional(a)) { arguments, _ in .optional(arguments[0]) }
        table.global("optional.none", [], .optional(a)) { _, _ in .optional(nil) }
        table.global("optional.ofNonZeroValue", [a], .optional(a)) { arguments, _ in
            .optional(isZero(arguments[0]) ? nil : arguments[0])
        }
        table.member("hasValue", [.optional(a)], .bool) { arguments, _ in
            guard case .optional(let inner) = arguments[0] else { throw CELEvaluationError.noSuchOverload }
            return .bool(inner != nil)
        }
        table.member("value", [.optional(a)], a) { arguments, _ in
            guard case .optional(let inner) = arguments[0] else { throw CELEvaluationError.noSuchOverload }
            guard let inner else { throw CELEvaluationError("optional.none() dereference") }
            return inner
        }
        table.member("or", [.optional(a), .optional(a)], .optional(a), ownStep)
        table.member("orValue", [.optional(a), a], a, ownStep)
        table.global("optional.unwrap", [.list(.optional(a))], .list(a), unwrapped)
        table.member("unwrapOpt", [.list(.optional(a))], .list(a), unwrapped)
    }

    private static let unwrapped: Overload.Body = { arguments, meter in
        guard case .list(let list) = arguments[0] else { throw CELEvaluationError.noSuchOverload }
        try meter.charge(list.count)
        var values: [CELValue] = []
        for value in list.values {
            guard case .optional(let inner) = value else { throw CELEvaluationError.noSuchOverload }
            if let inner { values.append(inner) }
        }
        return .list(CELList(values))
    }

    private static func isZero(_ value: CELValue) -> Bool {
        switch value {
        case .null: true
        case .bool(let value): !value
        case .int(let value): value == 0
        case .uint(let value): value == 0
        case .double(let value): value == 0
        case .string(let value): value.isEmpty
        case .bytes(let value): value.isEmpty
        case .timestamp(let value): value.seconds == 0 && value.nanoseconds == 0
        case .duration(let value): value == 0
        case .list(let list): list.count == 0
        case .map(let map): map.count == 0
        case .optional(let inner): inner == nil
        case .type, .opaque, .fields: false
        }
    }
}
