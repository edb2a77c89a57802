/// One way to call a function.
package struct Overload: Sendable {
    package typealias Body = @Sendable ([CELValue], inout CELMeter) throws -> CELValue

    let isMember: Bool
    /// The receiver first.
    let parameters: [CELType]
    let result: CELType
    let body: Body

    package init(isMember: Bool, _ parameters: [CELType], _ result: CELType, _ body: @escaping Body) {
        self.isMember = isMember
        self.parameters = parameters
        self.result = result
        self.body = body
    }

    func accepts(_ arguments: [CELValue]) -> Bool {
        guard arguments.count == parameters.count else { return false }
        for (argument, parameter) in zip(arguments, parameters) where !argument.fits(parameter) { return false }
        return true
    }
}

/// Functions by name, each with its overloads in the order in which they are tried.
package struct FunctionTable: Sendable {
    private(set) var functions: [String: [Overload]] = [:]

    package init() {}

    package mutating func add(_ name: String, _ overload: Overload) { functions[name, default: []].append(overload) }

    package mutating func global(_ name: String, _ parameters: [CELType], _ result: CELType, _ body: @escaping Overload.Body) {
        add(name, Overload(isMember: false, parameters, result, body))
    }

    package mutating func member(_ name: String, _ parameters: [CELType], _ result: CELType, _ body: @escaping Overload.Body) {
        add(name, Overload(isMember: true, parameters, result, body))
    }

    /// A member of a library's own value that the value itself answers.
    package mutating func opaqueMember(_ name: String, of type: String, _ parameters: [CELType] = [], _ result: CELType) {
        member(name, [.opaque(type)] + parameters, result) { arguments, _ in
            guard case .opaque(let receiver) = arguments[0] else { throw CELEvaluationError.noSuchOverload }
            return try receiver.call(name, Array(arguments.dropFirst()))
        }
    }

    subscript(name: String) -> [Overload]? { functions[name] }
}
