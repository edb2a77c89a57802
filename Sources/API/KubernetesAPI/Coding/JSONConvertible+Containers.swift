package import APIMachinery

extension Array: JSONConvertible where Element: JSONConvertible {
    /// Elements that cannot be read are left out, each with its problem reported.
    package static func decode(_ json: JSONValue, _ decoder: inout ObjectDecoder) -> [Element]? {
        guard case .array(let values) = json else { return decoder.mismatch(expected: "array", got: json) }
        var elements: [Element] = []
        elements.reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            if let element: Element = decoder.decodeChild(value, at: .index(index)) { elements.append(element) }
        }
        return elements
    }

    package var json: JSONValue { .array(map(\.json)) }
}

extension Dictionary: JSONConvertible where Key == String, Value: JSONConvertible {
    package static func decode(_ json: JSONValue, _ decoder: inout ObjectDecoder) -> [String: Value]? {
        guard case .object(let object) = json else { return decoder.mismatch(expected: "object", got: json) }
        var values = [String: Value](minimumCapacity: object.count)
        for member in object.members {
            values[member.key] = decoder.decodeChild(member.value, at: .key(member.key))
        }
        return values
    }

    /// Keys in the order of their UTF-8 bytes, as Go writes maps.
    package var json: JSONValue {
        var object = JSONObject()
        object.reserveCapacity(count)
        for key in keys.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            if let value = self[key] { object.append(key, value.json) }
        }
        return .object(object)
    }
}
