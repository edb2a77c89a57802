package import APIMachinery

extension CELValue {
    /// - Parameter schema: What the value means; without one, what it says itself.
    package init(_ json: JSONValue, schema: CELSchema? = nil) {
        switch (json, schema?.shape) {
        case (.null, _): self = .null
        case (.bool(let value), _): self = .bool(value)
        case (.array(let elements), .list(let inner, let identity)?):
            self = .list(CELList(json: elements, elements: inner, identity: identity))
        case (.array(let elements), _): self = .list(CELList(json: elements, elements: nil))
        case (.object(let object), _): self = .map(CELMap(json: object, schema: schema))
        case (.integer(let value), _): self = schema?.type == .double ? .double(Double(value)) : .int(value)
        case (.number(let number), _): self = Self.number(number, schema?.type)
        case (.string(let text), _): self = Self.text(text, schema?.type)
        }
    }

    private static func number(_ number: JSONNumber, _ type: CELType?) -> CELValue {
        let value = number.doubleValue
        if type == .int, let whole = Int64(exactly: value) { return .int(whole) }
        return .double(value)
    }

    /// A text that is not of its format stays a text.
    private static func text(_ text: String, _ type: CELType?) -> CELValue {
        switch type {
        case .bytes?: Base64Data(base64: text, isStrict: false).map { .bytes($0.bytes) } ?? .string(text)
        case .timestamp?: (Timestamp(text) ?? Timestamp("\(text)T00:00:00Z")).map { .timestamp($0) } ?? .string(text)
        case .duration?: DurationText.nanoseconds(text).map { .duration($0) } ?? .string(text)
        default: .string(text)
        }
    }

    /// The value in JSON; nil for what JSON has no form for.
    package var json: JSONValue? {
        switch self {
        case .null: return .null
        case .bool(let value): return .bool(value)
        case .int(let value): return .integer(value)
        case .uint(let value): return Int64(exactly: value).map { .integer($0) }
        case .double(let value): return JSONNumber(value).map { .number($0) }
        case .string(let value): return .string(value)
        case .bytes(let bytes): return .string(Base64Data(bytes).base64)
        case .timestamp(let time): return .string(TimestampText.text(time))
        case .duration(let nanoseconds): return .string(DurationText.text(nanoseconds))
        case .list(let list): return Self.array(list.values)
        case .map(let map): return Self.object(map)
        case .optional(let inner): return inner.flatMap(\.json)
        case .type, .opaque, .fields: return nil
        }
    }

    private static func array(_ values: [CELValue]) -> JSONValue? {
        var elements: [JSONValue] = []
        for value in values {
            guard let json = value.json else { return nil }
            elements.append(json)
        }
        return .array(elements)
    }

    private static func object(_ map: CELMap) -> JSONValue? {
        var object = JSONObject()
        for entry in map.entries {
            guard case .string(let key) = entry.key, let json = entry.value.json else { return nil }
            object[key] = json
        }
        return .object(object)
    }
}
