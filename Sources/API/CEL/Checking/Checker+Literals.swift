/// Lists, maps and structures that are written out.
extension Checker {
    mutating func list(_ elements: [Expression.Element]) -> Checked {
        var type: CELType?
        var parts: [ListStep.Part] = []
        for element in elements {
            let checked = check(element.value)
            let elementType = element.isOptional ? unwrapped(checked.type, at: element.value.offset) : checked.type
            type = joined(type, elementType, at: element.value.offset)
            parts.append(.init(step: checked.step, isOptional: element.isOptional))
        }
        return Checked(type: .list(type ?? types.freshVariable()), step: ListStep(parts: parts))
    }

    mutating func map(_ entries: [Expression.Entry]) -> Checked {
        var (keyType, valueType): (CELType?, CELType?)
        var parts: [MapStep.Part] = []
        for entry in entries {
            let key = check(entry.key)
            keyType = joined(keyType, key.type, at: entry.key.offset)
            let value = check(entry.value)
            let type = entry.isOptional ? unwrapped(value.type, at: entry.value.offset) : value.type
            valueType = joined(valueType, type, at: entry.value.offset)
            parts.append(.init(key: key.step, value: value.step, isOptional: entry.isOptional))
        }
        let type = CELType.map(keyType ?? types.freshVariable(), valueType ?? types.freshVariable())
        return Checked(type: type, step: MapStep(parts: parts))
    }

    private mutating func joined(_ before: CELType?, _ type: CELType, at offset: Int) -> CELType {
        guard let before else { return type }
        let sum = types.joined(before, type)
        if sum == .dynamic, environment.hasUniformLiterals, !before.isDynamicOrError, !type.isDynamicOrError {
            return mismatch(type, before, at: offset)
        }
        return sum
    }

    /// What an element has that is left out when it is none: `[?value]`.
    private mutating func unwrapped(_ type: CELType, at offset: Int) -> CELType {
        switch types.resolved(type) {
        case .optional(let inner): return inner
        case .dynamic, .error: return .dynamic
        default: return mismatch(type, .optional(type), at: offset)
        }
    }

    mutating func message(_ name: String, _ fields: [Expression.Field], at offset: Int) -> Checked {
        guard environment.allowsMutations, let object = MutationTypes.object(name) else {
            for field in fields { _ = check(field.value) }
            return failed("undeclared reference to '\(name)' (in container '')", at: offset)
        }
        var parts: [MessageStep.Part] = []
        for field in fields {
            let value = check(field.value)
            let type = field.isOptional ? unwrapped(value.type, at: field.value.offset) : value.type
            if let wanted = MutationTypes.field(field.name, of: object) {
                if !types.isAssignable(type, to: wanted) {
                    report(
                        "expected type of field '\(field.name)' is '\(wanted)' but provided type is '\(types.resolved(type))'",
                        at: field.offset)
                }
            } else {
                report("undefined field '\(field.name)'", at: field.offset)
            }
            parts.append(.init(name: field.name, step: value.step, isOptional: field.isOptional))
        }
        return Checked(type: .object(object), step: MessageStep(typeName: name, parts: parts))
    }
}
