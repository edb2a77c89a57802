package import APIMachinery

extension JSONValue {
    /// As Go's `%v` prints it: `map[a:1 b:[x y]]`, the keys in order.
    package var goText: String {
        switch self {
        case .null: "<nil>"
        case .string(let text): text
        case .array(let items): "[\(items.map(\.goText).joined(separator: " "))]"
        case .object(let object):
            "map[\(object.members.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value.goText)" }.joined(separator: " "))]"
        default: serializedText()
        }
    }
}
