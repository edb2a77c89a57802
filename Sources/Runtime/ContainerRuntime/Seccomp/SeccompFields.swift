internal import APIMachinery

/// Typed reading of one object of a profile; null is absent.
struct SeccompFields {
    private let object: JSONObject
    /// Where it stands: `syscalls[3].args[0]`.
    let path: String

    init(_ value: JSONValue, _ path: String) throws(SeccompFieldError) {
        guard let object = value.objectValue else { throw SeccompFieldError(path, "is \(value.typeName), not an object") }
        self.object = object
        self.path = path
    }

    func has(_ key: String) -> Bool { object[key].map { !$0.isNull } ?? false }

    func text(_ key: String) throws(SeccompFieldError) -> String? {
        guard let value = present(key) else { return nil }
        guard let text = value.stringValue else { throw wrong(key, value, "a string") }
        return text
    }

    func texts(_ key: String) throws(SeccompFieldError) -> [String] {
        guard let value = present(key) else { return [] }
        guard let items = value.arrayValue else { throw wrong(key, value, "an array") }
        let texts = items.compactMap(\.stringValue)
        guard texts.count == items.count else { throw SeccompFieldError(inside(key), "holds something else than strings") }
        return texts
    }

    func number(_ key: String) throws(SeccompFieldError) -> Int64? {
        guard let value = present(key) else { return nil }
        guard let number = value.integerValue else { throw wrong(key, value, "an integer") }
        return number
    }

    /// An unsigned 64-bit number, 0 when absent.
    func unsigned(_ key: String) throws(SeccompFieldError) -> UInt64 {
        guard let value = present(key) else { return 0 }
        // Beyond Int64 the reader keeps the digits.
        if case .number(let number) = value, let unsigned = UInt64(number.text) { return unsigned }
        guard let number = value.integerValue, let unsigned = UInt64(exactly: number) else {
            throw wrong(key, value, "an unsigned integer")
        }
        return unsigned
    }

    func object(_ key: String) throws(SeccompFieldError) -> SeccompFields? {
        guard let value = present(key) else { return nil }
        return try SeccompFields(value, inside(key))
    }

    func objects(_ key: String) throws(SeccompFieldError) -> [SeccompFields] {
        guard let value = present(key) else { return [] }
        guard let items = value.arrayValue else { throw wrong(key, value, "an array") }
        var result: [SeccompFields] = []
        for (index, item) in items.enumerated() { result.append(try SeccompFields(item, "\(inside(key))[\(index)]")) }
        return result
    }

    private func present(_ key: String) -> JSONValue? { has(key) ? object[key] : nil }

    private func inside(_ key: String) -> String { path == "profile" ? key : "\(path).\(key)" }

    private func wrong(_ key: String, _ value: JSONValue, _ expected: String) -> SeccompFieldError {
        SeccompFieldError(inside(key), "is \(value.typeName), not \(expected)")
    }
}
