/// The type of an expression.
package indirect enum CELType: Hashable, Sendable {
    /// Decided when the expression is evaluated.
    case dynamic
    case null, bool, int, uint, double, string, bytes, timestamp, duration
    case list(CELType)
    case map(CELType, CELType)
    case optional(CELType)
    /// The type of a type.
    case type(CELType)
    case object(CELObjectType)
    /// A library's own values, for example `kubernetes.Quantity`.
    case opaque(String)
    /// What a function's declaration leaves open; equal names stand for equal types.
    case parameter(String)
    /// A parameter of one call, which the checker finds out.
    case variable(Int)
    /// Of an expression that is wrong already.
    case error
}

extension CELType: CustomStringConvertible {
    /// As messages name it: `list(int)`.
    package var description: String {
        switch self {
        case .dynamic: "dyn"
        case .null: "null"
        case .bool: "bool"
        case .int: "int"
        case .uint: "uint"
        case .double: "double"
        case .string: "string"
        case .bytes: "bytes"
        case .timestamp: "timestamp"
        case .duration: "duration"
        case .list(let element): "list(\(element))"
        case .map(let key, let value): "map(\(key), \(value))"
        case .optional(let inner): "optional_type(\(inner))"
        case .type(let type): "type(\(type))"
        case .object(let object): object.name
        case .opaque(let name): name
        case .parameter(let name): name
        case .variable(let number): "_var\(number)"
        case .error: "!error!"
        }
    }

    /// As `type(x)` prints.
    package var runtimeName: String {
        switch self {
        case .null: "null_type"
        case .timestamp: "google.protobuf.Timestamp"
        case .duration: "google.protobuf.Duration"
        case .list: "list"
        case .map: "map"
        case .optional: "optional_type"
        case .type: "type"
        default: description
        }
    }

    var isDynamicOrError: Bool { self == .dynamic || self == .error }

    /// Whether null may stand for it.
    var isNullable: Bool {
        switch self {
        case .object, .opaque, .null, .timestamp, .duration: true
        default: false
        }
    }
}

/// A type with fields.
package final class CELObjectType: Sendable {
    package let name: String
    /// By the names that expressions use, in which what is no identifier is escaped.
    package let fields: [String: CELType]

    package init(name: String, fields: [String: CELType]) {
        self.name = name
        self.fields = fields
    }
}

extension CELObjectType: Hashable {
    package static func == (left: CELObjectType, right: CELObjectType) -> Bool {
        left === right || (left.name == right.name && left.fields == right.fields)
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}
