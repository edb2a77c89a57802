/// A macro over the elements of a list or the entries of a map.
struct ComprehensionStep: Step {
    let operation: Expression.Comprehension.Operation
    let range: any Step
    /// Of the first variable; the second has the next one.
    let slot: Int
    let hasTwoVariables: Bool
    let condition: (any Step)?
    let transform: (any Step)?

    func value(_ run: inout Run) throws(CELEvaluationError) -> CELValue {
        let elements = try elements(of: try range.value(&run))
        try run.meter.charge(1)
        switch operation {
        case .all: return try quantified(elements, &run, deciding: false)
        case .exists: return try quantified(elements, &run, deciding: true)
        case .existsOne: return try existsOne(elements, &run)
        case .filter, .map, .transformList: return try listed(elements, &run)
        case .transformMap, .transformMapEntry: return try mapped(elements, &run)
        }
    }

    private typealias Elements = [(CELValue, CELValue)]

    private func elements(of range: CELValue) throws(CELEvaluationError) -> Elements {
        switch range {
        case .list(let list):
            if !hasTwoVariables { return list.values.map { ($0, $0) } }
            return list.values.enumerated().map { (.int(Int64($0.offset)), $0.element) }
        case .map(let map): return hasTwoVariables ? map.entries.map { ($0.key, $0.value) } : map.keys.map { ($0, $0) }
        default: throw .noSuchOverload
        }
    }

    private func bind(_ element: (CELValue, CELValue), _ run: inout Run) throws(CELEvaluationError) {
        try run.meter.charge(1)
        run.locals[slot] = element.0
        if hasTwoVariables { run.locals[slot + 1] = element.1 }
    }

    private func isMet(_ run: inout Run) throws(CELEvaluationError) -> Bool {
        guard let condition else { return true }
        guard case .bool(let isMet) = try condition.value(&run) else { throw .noSuchOverload }
        return isMet
    }

    /// One element may decide even when others have failed.
    private func quantified(_ elements: Elements, _ run: inout Run, deciding: Bool) throws(CELEvaluationError) -> CELValue {
        var failure: CELEvaluationError?
        for element in elements {
            try bind(element, &run)
            do throws(CELEvaluationError) {
                if try isMet(&run) == deciding { return .bool(deciding) }
            } catch {
                if error.isFinal { throw error }
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        return .bool(!deciding)
    }

    private func existsOne(_ elements: Elements, _ run: inout Run) throws(CELEvaluationError) -> CELValue {
        var count = 0
        for element in elements {
            try bind(element, &run)
            if try isMet(&run) { count += 1 }
        }
        return .bool(count == 1)
    }

    private func listed(_ elements: Elements, _ run: inout Run) throws(CELEvaluationError) -> CELValue {
        var result: [CELValue] = []
        for element in elements {
            try bind(element, &run)
            guard try isMet(&run) else { continue }
            try run.meter.charge(10)
            result.append(try transform?.value(&run) ?? element.0)
        }
        return .list(CELList(result))
    }

    private func mapped(_ elements: Elements, _ run: inout Run) throws(CELEvaluationError) -> CELValue {
        var result: [(key: CELValue, value: CELValue)] = []
        var seen: Set<CELMapKey> = []
        for element in elements {
            try bind(element, &run)
            guard try isMet(&run), let made = try transform?.value(&run) else { continue }
            try run.meter.charge(30)
            guard operation == .transformMapEntry else {
                result.append((element.0, made))
                continue
            }
            guard case .map(let entries) = made else { throw .noSuchOverload }
            for entry in entries.entries {
                guard let key = CELMapKey(entry.key), seen.insert(key).inserted else {
                    throw CELEvaluationError("insert failed: key \(Text.of(entry.key)) already exists")
                }
                result.append(entry)
            }
        }
        return .map(CELMap(result))
    }
}
