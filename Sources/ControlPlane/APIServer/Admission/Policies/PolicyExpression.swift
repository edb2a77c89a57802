internal import CEL
import Synchronization

/// An expression as it stands in an object, ready to be evaluated.
struct PolicyExpression: Sendable {
    let source: String
    /// Or why it is none, in cel-go's words.
    let program: Result<CELProgram, CELCompileError>

    init(_ source: String, _ environment: CELEnvironment, expecting: [CELType]? = nil) {
        self.source = source
        do throws(CELCompileError) {
            let program = try CELProgram.compile(source, in: environment)
            if let expecting, !expecting.contains(program.resultType) { throw Self.wrongType(program.resultType, expecting) }
            self.program = .success(program)
        } catch {
            program = .failure(error)
        }
    }

    /// In the words of the API server's validation.
    private static func wrongType(_ type: CELType, _ expected: [CELType]) -> CELCompileError {
        let names = expected.map(\.runtimeName)
        let wanted = names.count == 1 ? names[0] : "one of [\(names.joined(separator: " "))]"
        return CELCompileError(.result, "must evaluate to \(wanted) but got \(type.runtimeName)")
    }

    /// Why an expression has no value.
    enum Failure: Error {
        case ofItself(String)
        /// Those before it, and it, have cost more than all may: nothing else is evaluated.
        case budget(String)

        var text: String {
            switch self {
            case .ofItself(let text), .budget(let text): text
            }
        }
    }

    func value(_ variables: [String: CELValue], _ budget: inout CELBudget) throws(Failure) -> CELValue {
        do throws(CELEvaluationError) {
            switch program {
            case .success(let program): return try program.evaluate(variables, budget: &budget)
            case .failure(let error): throw CELEvaluationError("compilation error: \(error)")
            }
        } catch {
            if error.kind == .budget { throw .budget(error.description) }
            guard case .success = program else { throw .ofItself(error.description) }
            throw .ofItself("expression '\(source)' resulted in error: \(error)")
        }
    }
}

/// A policy's `variables`: each is evaluated when an expression asks for it, once for a request.
final class PolicyVariables: CELFields {
    struct Definition: Sendable {
        var name: String
        var expression: PolicyExpression
    }

    private let definitions: [Definition]
    private let inputs: [String: CELValue]
    private let known = Mutex<[String: Result<CELValue, CELEvaluationError>]>([:])

    init(_ definitions: [Definition], _ inputs: [String: CELValue]) {
        self.definitions = definitions
        self.inputs = inputs
    }

    func hasField(_ name: String) -> Bool { definitions.contains { $0.name == name } }

    func field(_ name: String, _ meter: inout CELMeter) throws(CELEvaluationError) -> CELValue? {
        guard let definition = definitions.first(where: { $0.name == name }) else { return nil }
        if let result = known.withLock({ $0[name] }) { return try result.get() }
        let result: Result<CELValue, CELEvaluationError>
        do throws(CELEvaluationError) { result = .success(try value(definition, &meter)) } catch { result = .failure(error) }
        known.withLock { $0[name] = result }
        return try result.get()
    }

    private func value(_ definition: Definition, _ meter: inout CELMeter) throws(CELEvaluationError) -> CELValue {
        switch definition.expression.program {
        case .failure(let error):
            throw CELEvaluationError("composited variable \(definition.name.quoted) fails to compile: \(error)")
        case .success(let program):
            var inputs = inputs
            inputs["variables"] = .fields(self)
            do throws(CELEvaluationError) { return try program.evaluate(inputs, &meter) } catch {
                guard error.kind == .value else { throw error }
                throw CELEvaluationError("composited variable \(definition.name.quoted) fails to evaluate: \(error)")
            }
        }
    }
}
