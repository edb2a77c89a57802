package import APIMachinery
package import CEL

/// One entry of `x-kubernetes-validations`.
package struct SchemaRule: Sendable {
    package let rule: String
    package let message: String
    package let messageExpression: String
    package let reason: String
    package let fieldPath: String
    /// nil when it is not said.
    package let optionalOldSelf: Bool?

    package init(_ json: JSONValue) {
        func text(_ name: String) -> String { json[name]?.stringValue ?? "" }
        (rule, message, messageExpression) = (text("rule"), text("message"), text("messageExpression"))
        (reason, fieldPath) = (text("reason"), text("fieldPath"))
        optionalOldSelf = json["optionalOldSelf"]?.boolValue
    }

    /// An expression that is none, in upstream's words.
    package struct Problem: Error, Sendable {
        package let detail: String

        package init(detail: String) { self.detail = detail }
    }

    /// - Parameter schema: Of the node that has the rule.
    package func program(on schema: CELSchema) throws(Problem) -> CELProgram {
        let program: CELProgram
        do throws(CELCompileError) {
            program = try CELProgram.compile(rule, in: environment(schema))
        } catch {
            throw Problem(detail: error.description)
        }
        guard program.resultType == .bool else { throw Problem(detail: "cel expression must evaluate to a bool") }
        return program
    }

    /// - Returns: nil for a rule without such an expression.
    package func messageProgram(on schema: CELSchema) throws(Problem) -> CELProgram? {
        guard !messageExpression.isEmpty else { return nil }
        let program: CELProgram
        do throws(CELCompileError) {
            program = try CELProgram.compile(messageExpression, in: environment(schema))
        } catch {
            throw Problem(detail: "messageExpression \(error.description)")
        }
        guard program.resultType == .string else { throw Problem(detail: "messageExpression must evaluate to a string") }
        return program
    }

    private func environment(_ schema: CELSchema) -> CELEnvironment {
        var environment = CELEnvironment()
        environment.declare("self", schema.type)
        environment.declare("oldSelf", optionalOldSelf == true ? .optional(schema.type) : schema.type)
        return environment
    }

    /// The field that a failing rule is about, seen from the node that has the rule: `.spec.map['key']`.
    ///
    /// - Returns: nil for a text that is no path, or leads to nothing that the schema describes.
    package static func path(_ text: String, in schema: JSONValue) -> FieldPath? {
        var rest = text[...]
        var (path, schema) = (FieldPath.root, schema)
        while let first = rest.popFirst() {
            let name: Substring
            if first == "." {
                name = rest.prefix { $0 != "." && $0 != "[" }
                rest = rest.dropFirst(name.count)
            } else if first == "[", rest.hasPrefix("'"), let end = rest.dropFirst().firstIndex(of: "'"),
                rest[end...].hasPrefix("']")
            {
                name = rest[rest.index(after: rest.startIndex)..<end]
                rest = rest[end...].dropFirst(2)
            } else {
                return nil
            }
            guard !name.isEmpty else { return nil }
            if let property = schema["properties"]?[String(name)] {
                (path, schema) = (path.child(String(name)), property)
            } else if let values = schema["additionalProperties"], values.objectValue != nil {
                (path, schema) = (path.key(String(name)), values)
            } else {
                return nil
            }
        }
        return path.elements.isEmpty ? nil : path
    }
}
