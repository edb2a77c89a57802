/// `operand.field` and `operand.?field`.
struct SelectStep: Step {
    let operand: any Step
    let field: String
    let isOptional: Bool

    func value(_ run: inout Run) throws(CELEvaluationError) -> CELValue {
        let container = try operand.value(&run)
        try run.meter.charge(1)
        if case .optional(let inner) = container {
            guard let inner else { return .optional(nil) }
            return .optional(try Access.field(field, of: inner, &run.meter))
        }
        let found = try Access.field(field, of: container, &run.meter)
        if isOptional { return .optional(found) }
        guard let found else { throw .noSuchKey(field) }
        return found
    }
}

/// `has(operand.field)`
struct TestStep: Step {
    let operand: any Step
    let field: String

    func value(_ run: inout Run) throws(CELEvaluationError) -> CELValue {
        var container = try operand.value(&run)
        try run.meter.charge(1)
        if case .optional(let inner) = container {
            guard let inner else { return .bool(false) }
            container = inner
        }
        if case .fields(let fields) = container { return .bool(fields.hasField(field)) }
        return .bool(try Access.field(field, of: container, &run.meter) != nil)
    }
}

/// `operand[key]` and `operand[?key]`.
struct IndexStep: Step {
    let operand: any Step
    let key: any Step
    let isOptional: Bool

    func value(_ run: inout Run) throws(CELEvaluationError) -> CELValue {
        let container = try operand.value(&run)
        let key = try key.value(&run)
        try run.meter.charge(1)
        if case .optional(let inner) = container {
            guard let inner else { return .optional(nil) }
            return .optional(try? Access.element(key, of: inner, &run.meter))
        }
        if isOptional {
            guard Access.isIndexable(container) else { throw .noSuchOverload }
            return .optional(try? Access.element(key, of: container, &run.meter))
        }
        return try Access.element(key, of: container, &run.meter)
    }
}

/// What containers hold.
enum Access {
    /// - Returns: nil for a field that is not there.
    static func field(_ name: String, of container: CELValue, _ meter: inout CELMeter) throws(CELEvaluationError) -> CELValue? {
        switch container {
        case .map(let map): return map[name]
        case .fields(let fields): return try fields.field(name, &meter)
        default: throw .noSuchOverload
        }
    }

    static func isIndexable(_ container: CELValue) -> Bool {
        switch container {
        case .list, .map, .fields: true
        default: false
        }
    }

    static func element(_ key: CELValue, of container: CELValue, _ meter: inout CELMeter) throws(CELEvaluationError) -> CELValue {
        switch container {
        case .list(let list): return try element(key, of: list)
        case .map(let map):
            guard let mapKey = CELMapKey(key) else {
                if case .double(let number) = key { throw .noSuchKey(FloatText.shortest(number)) }
                throw CELEvaluationError("unsupported key type: \(key.type.runtimeName)")
            }
            guard let value = map[mapKey] else { throw .noSuchKey(Text.of(key)) }
            return value
        case .fields(let fields):
            guard case .string(let name) = key else { throw .noSuchOverload }
            guard let value = try fields.field(name, &meter) else { throw .noSuchKey(name) }
            return value
        default: throw .noSuchOverload
        }
    }

    private static func element(_ key: CELValue, of list: CELList) throws(CELEvaluationError) -> CELValue {
        let index: Int?
        switch CELMapKey(key) {
        case .int(let value)?: index = Int(exactly: value)
        case .uint?: index = nil
        default: throw CELEvaluationError("unsupported index type '\(key.type.runtimeName)' in list")
        }
        guard let index, index >= 0, index < list.count else { throw CELEvaluationError("index out of bounds: \(Text.of(key))") }
        return list[index]
    }
}
