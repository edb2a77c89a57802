internal import APIMachinery

/// A Swift type that stands for a type of the language.
protocol CELRepresentable: Sendable {
    static var celType: CELType { get }
    /// nil for a value of another type.
    init?(cel: CELValue)
    var cel: CELValue { get }
}

extension Bool: CELRepresentable {
    static var celType: CELType { .bool }
    init?(cel: CELValue) { if case .bool(let value) = cel { self = value } else { return nil } }
    var cel: CELValue { .bool(self) }
}

extension Int64: CELRepresentable {
    static var celType: CELType { .int }
    init?(cel: CELValue) { if case .int(let value) = cel { self = value } else { return nil } }
    var cel: CELValue { .int(self) }
}

extension UInt64: CELRepresentable {
    static var celType: CELType { .uint }
    init?(cel: CELValue) { if case .uint(let value) = cel { self = value } else { return nil } }
    var cel: CELValue { .uint(self) }
}

extension Double: CELRepresentable {
    static var celType: CELType { .double }
    init?(cel: CELValue) { if case .double(let value) = cel { self = value } else { return nil } }
    var cel: CELValue { .double(self) }
}

extension String: CELRepresentable {
    static var celType: CELType { .string }
    init?(cel: CELValue) { if case .string(let value) = cel { self = value } else { return nil } }
    var cel: CELValue { .string(self) }
}

extension Timestamp: CELRepresentable {
    static var celType: CELType { .timestamp }
    init?(cel: CELValue) { if case .timestamp(let value) = cel { self = value } else { return nil } }
    var cel: CELValue { .timestamp(self) }
}

/// Bytes, apart from lists of numbers.
struct CELBytes: CELRepresentable {
    var bytes: [UInt8]
    init(_ bytes: [UInt8]) { self.bytes = bytes }
    static var celType: CELType { .bytes }
    init?(cel: CELValue) { if case .bytes(let value) = cel { bytes = value } else { return nil } }
    var cel: CELValue { .bytes(bytes) }
}

/// A duration, apart from numbers.
struct CELNanoseconds: CELRepresentable {
    var count: Int64
    init(_ count: Int64) { self.count = count }
    static var celType: CELType { .duration }
    init?(cel: CELValue) { if case .duration(let value) = cel { count = value } else { return nil } }
    var cel: CELValue { .duration(count) }
}

extension FunctionTable {
    mutating func global<A: CELRepresentable, R: CELRepresentable>(
        _ name: String, _ body: @escaping @Sendable (A) throws -> R
    ) { add(name, .typed(isMember: false, body)) }

    mutating func member<A: CELRepresentable, R: CELRepresentable>(
        _ name: String, _ body: @escaping @Sendable (A) throws -> R
    ) { add(name, .typed(isMember: true, body)) }

    mutating func global<A: CELRepresentable, B: CELRepresentable, R: CELRepresentable>(
        _ name: String, _ body: @escaping @Sendable (A, B) throws -> R
    ) { add(name, .typed(isMember: false, body)) }

    mutating func member<A: CELRepresentable, B: CELRepresentable, R: CELRepresentable>(
        _ name: String, _ body: @escaping @Sendable (A, B) throws -> R
    ) { add(name, .typed(isMember: true, body)) }

    mutating func member<A: CELRepresentable, B: CELRepresentable, C: CELRepresentable, R: CELRepresentable>(
        _ name: String, _ body: @escaping @Sendable (A, B, C) throws -> R
    ) { add(name, .typed(isMember: true, body)) }

    mutating func global<A: CELRepresentable, B: CELRepresentable, C: CELRepresentable, R: CELRepresentable>(
        _ name: String, _ body: @escaping @Sendable (A, B, C) throws -> R
    ) { add(name, .typed(isMember: false, body)) }
}

extension Overload {
    /// What the values cost to go through is charged before.
    private static func charge(_ arguments: [CELValue], _ meter: inout CELMeter) throws {
        var size = 0
        for argument in arguments { size += argument.traversalSize }
        if size > 0 { try meter.chargeTraversal(size) }
    }

    static func typed<A: CELRepresentable, R: CELRepresentable>(
        isMember: Bool, _ body: @escaping @Sendable (A) throws -> R
    ) -> Overload {
        Overload(isMember: isMember, [A.celType], R.celType) { arguments, meter in
            guard let a = A(cel: arguments[0]) else { throw CELEvaluationError.noSuchOverload }
            try charge(arguments, &meter)
            return try body(a).cel
        }
    }

    static func typed<A: CELRepresentable, B: CELRepresentable, R: CELRepresentable>(
        isMember: Bool, _ body: @escaping @Sendable (A, B) throws -> R
    ) -> Overload {
        Overload(isMember: isMember, [A.celType, B.celType], R.celType) { arguments, meter in
            guard let a = A(cel: arguments[0]), let b = B(cel: arguments[1]) else { throw CELEvaluationError.noSuchOverload }
            try charge(arguments, &meter)
            return try body(a, b).cel
        }
    }

    static func typed<A: CELRepresentable, B: CELRepresentable, C: CELRepresentable, R: CELRepresentable>(
        isMember: Bool, _ body: @escaping @Sendable (A, B, C) throws -> R
    ) -> Overload {
        Overload(isMember: isMember, [A.celType, B.celType, C.celType], R.celType) { arguments, meter in
            guard let a = A(cel: arguments[0]), let b = B(cel: arguments[1]), let c = C(cel: arguments[2]) else {
                throw CELEvaluationError.noSuchOverload
            }
            try charge(arguments, &meter)
            return try body(a, b, c).cel
        }
    }
}
