extension Libraries {
    /// `matches`, and Kubernetes' `find` and `findAll`.
    static func addPatterns(_ table: inout FunctionTable) {
        for isMember in [false, true] {
            table.add(
                "matches",
                Overload(isMember: isMember, [.string, .string], .bool) { arguments, meter in
                    let (text, pattern) = try searched(arguments, &meter)
                    return .bool(pattern.isFound(in: text))
                })
        }
        table.member("find", [.string, .string], .string) { arguments, meter in
            let (text, pattern) = try searched(arguments, &meter)
            return .string(pattern.first(in: text) ?? "")
        }
        table.member("findAll", [.string, .string], .list(.string)) { arguments, meter in
            let (text, pattern) = try searched(arguments, &meter)
            return .list(CELList(pattern.all(in: text).map { .string($0) }))
        }
        table.member("findAll", [.string, .string, .int], .list(.string)) { arguments, meter in
            let (text, pattern) = try searched(arguments, &meter)
            guard case .int(let limit) = arguments[2] else { throw CELEvaluationError.noSuchOverload }
            return .list(CELList(pattern.all(in: text, limit: limit < 0 ? nil : Int(limit)).map { .string($0) }))
        }
    }

    private static func searched(_ arguments: [CELValue], _ meter: inout CELMeter) throws -> (String, PatternProgram) {
        guard case .string(let text) = arguments[0], case .string(let pattern) = arguments[1] else {
            throw CELEvaluationError.noSuchOverload
        }
        // As cel-go counts: the text's length in tenths times the pattern's in quarters.
        let (textCost, patternCost) = ((text.utf8.count + 10) / 10, (pattern.utf8.count + 3) / 4)
        try meter.charge(min(textCost, 1 << 30) * min(max(patternCost, 1), 1 << 30))
        return (text, try PatternProgram.cached(pattern))
    }
}
