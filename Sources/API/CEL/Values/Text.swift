internal import APIMachinery

/// Values as messages show them.
enum Text {
    static func of(_ value: CELValue) -> String {
        switch value {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .int(let value): "\(value)"
        case .uint(let value): "\(value)"
        case .double(let value): FloatText.shortest(value)
        case .string(let value): value
        case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
        case .timestamp(let time): TimestampText.text(time)
        case .duration(let nanoseconds): DurationText.text(nanoseconds)
        case .list(let list): "[\(list.values.map(of).joined(separator: ", "))]"
        case .map(let map): "{\(map.entries.map { "\(of($0.key)): \(of($0.value))" }.joined(separator: ", "))}"
        case .type(let type): type.runtimeName
        case .optional(let inner): inner.map { "optional(\(of($0)))" } ?? "optional.none()"
        case .opaque(let value): value.celTypeName
        case .fields: "map"
        }
    }
}
