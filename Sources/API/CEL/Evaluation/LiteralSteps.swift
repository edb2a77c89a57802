struct ListStep: Step {
    struct Part: Sendable {
        var step: any Step
        var isOptional: Bool
    }
    let parts: [Part]

    func value(_ run: inout Run) throws(CELEvaluationError) -> CELValue {
        try run.meter.charge(10)
        var values: [CELValue] = []
        values.reserveCapacity(parts.count)
        for part in parts {
            let value = try part.step.value(&run)
            if let value = part.isOptional ? try Literal.inner(value) : value { values.append(value) }
        }
        return .list(CELList(values))
    }
}

struct MapStep: Step {
    struct Part: Sendable {
        var key: any Step
        var value: any Step
        var isOptional: Bool
    }
    let parts: [Part]

    func value(_ run: inout Run) throws(CELEvaluationError) -> CELValue {
        try run.meter.charge(30)
        var entries: [(key: CELValue, value: CELValue)] = []
        var seen: Set<CELMapKey> = []
        for part in parts {
            let key = try part.key.value(&run)
            guard let mapKey = CELMapKey(key) else {
                throw CELEvaluationError("unsupported key type: \(key.type.runtimeName)")
            }
            let value = try part.value.value(&run)
            guard seen.insert(mapKey).inserted else { throw CELEvaluationError("Failed with repeated key: \(Text.of(key))") }
            if let value = part.isOptional ? try Literal.inner(value) : value { entries.append((key, value)) }
        }
        return .map(CELMap(entries))
    }
}

struct MessageStep: Step {
    struct Part: Sendable {
        var name: String
        var step: any Step
        var isOptional: Bool
    }
    let typeName: String
    let parts: [Part]

    func value(_ run: inout Run) throws(CELEvaluationError) -> CELValue {
        try run.meter.charge(40)
        var entries: [(key: CELValue, value: CELValue)] = []
        for part in parts {
            let value = try part.step.value(&run)
            if let value = part.isOptional ? try Literal.inner(value) : value { entries.append((.string(part.name), value)) }
        }
        return .map(CELMap(entries, typeName: typeName))
    }
}

private enum Literal {
    /// What an optional part holds; nil leaves the part out.
    static func inner(_ value: CELValue) throws(CELEvaluationError) -> CELValue? {
        guard case .optional(let inner) = value else {
            throw CELEvaluationError("cannot initialize optional entry from non-optional value \(Text.of(value))")
        }
        return inner
    }
}
