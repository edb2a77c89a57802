/// What the checker has found out about the open types of calls. Follows cel-go `checker/types.go`.
struct TypeUnification {
    private var found: [Int: CELType] = [:]
    private var count = 0

    init() {}

    mutating func freshVariable() -> CELType {
        count += 1
        return .variable(count)
    }

    /// Whether a value of the one type may stand where the other is wanted. What that says about open types is noted.
    mutating func isAssignable(_ from: CELType, to: CELType) -> Bool {
        var trial = self
        guard trial.unify(from, to) else { return false }
        self = trial
        return true
    }

    mutating func areAssignable(_ from: [CELType], to: [CELType]) -> Bool {
        guard from.count == to.count else { return false }
        var trial = self
        for (from, to) in zip(from, to) {
            guard trial.unify(from, to) else { return false }
        }
        self = trial
        return true
    }

    private mutating func unify(_ from: CELType, _ to: CELType) -> Bool {
        if case .variable(let number) = to, let isValid = substitute(from, for: number) { return isValid }
        if case .variable(let number) = from { return substitute(to, for: number) ?? true }
        if from.isDynamicOrError || to.isDynamicOrError { return true }
        if from == .null { return to.isNullable }
        if to == .null { return from.isNullable }
        switch (from, to) {
        case (.list(let one), .list(let other)), (.optional(let one), .optional(let other)): return unify(one, other)
        case (.map(let key, let value), .map(let otherKey, let otherValue)): return unify(key, otherKey) && unify(value, otherValue)
        case (.type, .type): return true
        default: return from == to
        }
    }

    /// - Returns: nil when nothing speaks for or against it.
    private mutating func substitute(_ type: CELType, for number: Int) -> Bool? {
        if type == .variable(number) { return true }
        if let known = found[number] {
            if type == known { return true }
            guard unify(type, known) else { return false }
            let general = Self.isMoreGeneral(type, than: known) ? type : known
            if !mentions(number, in: general) { found[number] = general }
            return true
        }
        guard !mentions(number, in: type) else { return nil }
        found[number] = type
        return true
    }

    private static func isMoreGeneral(_ type: CELType, than other: CELType) -> Bool {
        switch (type, other) {
        case (.dynamic, _), (.error, _), (.variable, _): true
        case (.null, _): false
        case (_, .null): true
        case (.list(let one), .list(let other)), (.optional(let one), .optional(let other)): isMoreGeneral(one, than: other)
        case (.map(let key, let value), .map(let otherKey, let otherValue)):
            isMoreGeneral(key, than: otherKey) && isMoreGeneral(value, than: otherValue)
        default: type == other
        }
    }

    private func mentions(_ number: Int, in type: CELType) -> Bool {
        switch type {
        case .variable(number): true
        case .variable(let other): found[other].map { mentions(number, in: $0) } ?? false
        case .list(let inner), .optional(let inner), .type(let inner): mentions(number, in: inner)
        case .map(let key, let value): mentions(number, in: key) || mentions(number, in: value)
        default: false
        }
    }

    /// The type with all that is known put in.
    ///
    /// - Parameter closing: What is still open becomes dynamic.
    func resolved(_ type: CELType, closing: Bool = false) -> CELType {
        switch type {
        case .variable(let number): found[number].map { resolved($0, closing: closing) } ?? (closing ? .dynamic : type)
        case .list(let inner): .list(resolved(inner, closing: closing))
        case .optional(let inner): .optional(resolved(inner, closing: closing))
        case .type(let inner): .type(resolved(inner, closing: closing))
        case .map(let key, let value): .map(resolved(key, closing: closing), resolved(value, closing: closing))
        default: type
        }
    }

    /// The types of one declaration with a variable of its own for each parameter.
    mutating func instantiate(_ types: [CELType]) -> [CELType] {
        var variables: [String: CELType] = [:]
        return types.map { instantiate($0, &variables) }
    }

    private mutating func instantiate(_ type: CELType, _ variables: inout [String: CELType]) -> CELType {
        switch type {
        case .parameter(let name):
            if let variable = variables[name] { return variable }
            let variable = freshVariable()
            variables[name] = variable
            return variable
        case .list(let inner): return .list(instantiate(inner, &variables))
        case .optional(let inner): return .optional(instantiate(inner, &variables))
        case .type(let inner): return .type(instantiate(inner, &variables))
        case .map(let key, let value): return .map(instantiate(key, &variables), instantiate(value, &variables))
        default: return type
        }
    }

    /// The type of elements of both types: the more general of the two, or dynamic.
    mutating func joined(_ one: CELType, _ other: CELType) -> CELType {
        guard isAssignable(one, to: other) else { return .dynamic }
        return Self.isMoreGeneral(one, than: other) ? one : other
    }
}
