/// Writes a `Codable` value as JSON bytes, members in the order in which the type encodes them.
///
/// For the small state files of sandboxes and containers: bytes are appended as the value is walked, nothing is kept twice. Synthesized
/// conformances walk depth first, one container at a time, which is all that this encoder takes.
package struct StateEncoder {
    package init() {}

    package func encode(_ value: some Encodable) throws -> [UInt8] {
        let output = StateOutput()
        try value.encode(to: StateValueEncoder(output))
        output.closeContainers(downTo: 0)
        return output.bytes
    }
}

/// The bytes so far, and the brackets that are open.
private final class StateOutput {
    private(set) var bytes: [UInt8] = []
    private var open: [(closing: UInt8, isEmpty: Bool)] = []
    var depth: Int { open.count }

    init() { bytes.reserveCapacity(2048) }

    func openContainer(_ opening: UInt8, _ closing: UInt8) {
        bytes.append(opening)
        open.append((closing, true))
    }

    func closeContainers(downTo depth: Int) {
        while open.count > depth { bytes.append(open.removeLast().closing) }
    }

    /// Closes what was opened inside the container at `depth` and starts its next element.
    func next(at depth: Int) {
        closeContainers(downTo: depth)
        if open[depth - 1].isEmpty { open[depth - 1].isEmpty = false } else { bytes.append(UInt8(ascii: ",")) }
    }

    func key(_ key: String, at depth: Int) {
        next(at: depth)
        string(key)
        bytes.append(UInt8(ascii: ":"))
    }

    func raw(_ text: some StringProtocol) { bytes.append(contentsOf: text.utf8) }

    func string(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20:
                raw("\\u00")
                bytes.append(Self.hex[Int(byte >> 4)])
                bytes.append(Self.hex[Int(byte & 15)])
            default:
                bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static let hex = Array("0123456789abcdef".utf8)
}

private struct StateValueEncoder: Encoder {
    let output: StateOutput
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    init(_ output: StateOutput) { self.output = output }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        output.openContainer(UInt8(ascii: "{"), UInt8(ascii: "}"))
        return KeyedEncodingContainer(KeyedOutput(output: output, depth: output.depth))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        output.openContainer(UInt8(ascii: "["), UInt8(ascii: "]"))
        return ListOutput(output: output, depth: output.depth)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { ScalarOutput(output: output) }
}

private struct KeyedOutput<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let output: StateOutput
    let depth: Int
    var codingPath: [any CodingKey] { [] }

    private var scalar: ScalarOutput { ScalarOutput(output: output) }

    mutating func encodeNil(forKey key: Key) throws {
        output.key(key.stringValue, at: depth)
        output.raw("null")
    }

    mutating func encode(_ value: Bool, forKey key: Key) throws { try encodeScalar(value, key) { try $0.encode($1) } }
    mutating func encode(_ value: String, forKey key: Key) throws { try encodeScalar(value, key) { try $0.encode($1) } }
    mutating func encode(_ value: Int64, forKey key: Key) throws { try encodeScalar(value, key) { try $0.encode($1) } }
    mutating func encode(_ value: Int32, forKey key: Key) throws { try encodeScalar(value, key) { try $0.encode($1) } }
    mutating func encode(_ value: UInt32, forKey key: Key) throws { try encodeScalar(value, key) { try $0.encode($1) } }

    mutating func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
        output.key(key.stringValue, at: depth)
        try scalar.encode(value)
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy keyType: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        output.key(key.stringValue, at: depth)
        return StateValueEncoder(output).container(keyedBy: keyType)
    }

    mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        output.key(key.stringValue, at: depth)
        return StateValueEncoder(output).unkeyedContainer()
    }

    mutating func superEncoder() -> any Encoder { preconditionFailure("state types are values: none has a superclass") }
    mutating func superEncoder(forKey key: Key) -> any Encoder { superEncoder() }

    private func encodeScalar<T>(_ value: T, _ key: Key, _ body: (inout ScalarOutput, T) throws -> Void) rethrows {
        output.key(key.stringValue, at: depth)
        var scalar = scalar
        try body(&scalar, value)
    }
}

private struct ListOutput: UnkeyedEncodingContainer {
    let output: StateOutput
    let depth: Int
    var count = 0
    var codingPath: [any CodingKey] { [] }

    private mutating func next() {
        output.next(at: depth)
        count += 1
    }

    mutating func encodeNil() throws {
        next()
        output.raw("null")
    }

    mutating func encode<T: Encodable>(_ value: T) throws {
        next()
        try ScalarOutput(output: output).encode(value)
    }

    mutating func nestedContainer<Nested: CodingKey>(keyedBy keyType: Nested.Type) -> KeyedEncodingContainer<Nested> {
        next()
        return StateValueEncoder(output).container(keyedBy: keyType)
    }

    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        next()
        return StateValueEncoder(output).unkeyedContainer()
    }

    mutating func superEncoder() -> any Encoder { preconditionFailure("state types are values: none has a superclass") }
}

private struct ScalarOutput: SingleValueEncodingContainer {
    let output: StateOutput
    var codingPath: [any CodingKey] { [] }

    func encodeNil() throws { output.raw("null") }
    func encode(_ value: Bool) throws { output.raw(value ? "true" : "false") }
    func encode(_ value: String) throws { output.string(value) }
    func encode(_ value: Double) throws { try encodeFinite(value) }
    func encode(_ value: Float) throws { try encodeFinite(Double(value)) }
    func encode(_ value: Int) throws { output.raw(String(value)) }
    func encode(_ value: Int8) throws { output.raw(String(value)) }
    func encode(_ value: Int16) throws { output.raw(String(value)) }
    func encode(_ value: Int32) throws { output.raw(String(value)) }
    func encode(_ value: Int64) throws { output.raw(String(value)) }
    func encode(_ value: UInt) throws { output.raw(String(value)) }
    func encode(_ value: UInt8) throws { output.raw(String(value)) }
    func encode(_ value: UInt16) throws { output.raw(String(value)) }
    func encode(_ value: UInt32) throws { output.raw(String(value)) }
    func encode(_ value: UInt64) throws { output.raw(String(value)) }

    func encode<T: Encodable>(_ value: T) throws {
        // A cast that fails asks the runtime for every way there might be: first a look at the type.
        if T.self == String.self, let text = value as? String { return output.string(text) }
        try value.encode(to: StateValueEncoder(output))
    }

    private func encodeFinite(_ value: Double) throws {
        guard value.isFinite else {
            throw EncodingError.invalidValue(value, .init(codingPath: [], debugDescription: "JSON has no \(value)"))
        }
        output.raw(value.description)
    }
}
