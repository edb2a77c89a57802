package import APIMachinery

/// What an expression works on and gives.
package enum CELValue: Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case uint(UInt64)
    case double(Double)
    case string(String)
    case bytes([UInt8])
    case timestamp(Timestamp)
    /// In nanoseconds, as Go counts them.
    case duration(Int64)
    case list(CELList)
    /// A map, or a structure with fields.
    case map(CELMap)
    case type(CELType)
    /// What may be there.
    indirect case optional(CELValue?)
    /// A value of a library.
    case opaque(any CELOpaque)
    /// Fields that are found out when they are asked for.
    case fields(any CELFields)
}

/// A value that only the functions of its library can look into.
package protocol CELOpaque: Sendable {
    /// The type's name, for example `kubernetes.Quantity`.
    var celTypeName: String { get }
    func isEqual(to other: any CELOpaque) -> Bool
    /// A member function that is declared for the type without a body, with the arguments behind the receiver.
    func call(_ name: String, _ arguments: [CELValue]) throws(CELEvaluationError) -> CELValue
}

extension CELOpaque {
    package func call(_ name: String, _ arguments: [CELValue]) throws(CELEvaluationError) -> CELValue { throw .noSuchOverload }
}

/// A structure whose fields are made when an expression needs them, as a policy's `variables` are.
package protocol CELFields: Sendable {
    /// - Parameter meter: Pays for what finding the value out costs.
    /// - Returns: nil for a field that is not there.
    func field(_ name: String, _ meter: inout CELMeter) throws(CELEvaluationError) -> CELValue?
    func hasField(_ name: String) -> Bool
}

extension CELValue {
    /// The type as far as the value itself tells.
    package var type: CELType {
        switch self {
        case .null: .null
        case .bool: .bool
        case .int: .int
        case .uint: .uint
        case .double: .double
        case .string: .string
        case .bytes: .bytes
        case .timestamp: .timestamp
        case .duration: .duration
        case .list: .list(.dynamic)
        case .map(let map): map.typeName.map { .object(CELObjectType(name: $0, fields: [:])) } ?? .map(.dynamic, .dynamic)
        case .type: .type(.dynamic)
        case .optional: .optional(.dynamic)
        case .opaque(let value): .opaque(value.celTypeName)
        case .fields: .map(.string, .dynamic)
        }
    }

    /// Whether the value may be given to a function that declares this type.
    func fits(_ type: CELType) -> Bool {
        switch (type, self) {
        case (.dynamic, _), (.parameter, _), (.variable, _), (.error, _): true
        case (.null, .null), (.bool, .bool), (.int, .int), (.uint, .uint), (.double, .double), (.string, .string): true
        case (.bytes, .bytes), (.timestamp, .timestamp), (.duration, .duration), (.list, .list), (.map, .map): true
        case (.type, .type), (.optional, .optional), (.object, .map), (.object, .fields), (.map, .fields): true
        case (.opaque(let name), .opaque(let value)): value.celTypeName == name
        default: false
        }
    }

    /// The size that counts when a function goes through the value.
    var traversalSize: Int {
        switch self {
        case .string(let text): text.utf8.count
        case .bytes(let bytes): bytes.count
        default: 0
        }
    }
}

extension CELValue: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral, ExpressibleByFloatLiteral {
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int64) { self = .int(value) }
    package init(stringLiteral value: String) { self = .string(value) }
    package init(floatLiteral value: Double) { self = .double(value) }
}
