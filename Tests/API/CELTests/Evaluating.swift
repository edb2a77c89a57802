import APIMachinery
@testable import CEL
import Testing

/// What an expression gives: the value as text, or the error.
func evaluated(
    _ source: String, _ variables: [String: JSONValue] = [:], types: [String: CELType] = [:], uniform: Bool = true
) -> String {
    var environment = CELEnvironment()
    environment.hasUniformLiterals = uniform
    for name in variables.keys { environment.declare(name, types[name] ?? .dynamic) }
    do {
        let program = try CELProgram.compile(source, in: environment)
        var budget = CELBudget()
        return try shown(program.evaluate(variables.mapValues { CELValue($0) }, budget: &budget))
    } catch {
        return "! \(error)"
    }
}

/// A literal of the language where there is one, so that types can be told apart.
func shown(_ value: CELValue) -> String {
    switch value {
    case .string(let text): text.quoted
    case .uint(let number): "\(number)u"
    case .double(let number): number == number.rounded() && number.magnitude < 1e6 ? "\(Int(number)).0" : Text.of(value)
    case .bytes(let bytes): "b" + String(decoding: bytes, as: UTF8.self).quoted
    case .list(let list): "[\(list.values.map(shown).joined(separator: ", "))]"
    case .map(let map):
        (map.typeName ?? "") + "{\(map.entries.map { "\(shown($0.key)): \(shown($0.value))" }.joined(separator: ", "))}"
    case .optional(let inner?): "optional(\(shown(inner)))"
    default: Text.of(value)
    }
}
