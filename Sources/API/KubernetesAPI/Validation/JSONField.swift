internal import APIMachinery

/// A place in a canonical object: a value and the way to it. Absent members are there too, without a value.
struct JSONField {
    let value: JSONValue?
    /// Nil for those who only read: they need no paths, and paths cost more than values.
    private let place: FieldPath?
    /// The root when paths are not kept.
    var path: FieldPath { place ?? .root }

    init(_ value: JSONValue?, _ path: FieldPath? = .root) {
        place = path
        // Written out: with JSONValue a literal nil in an expression would be the JSON value null.
        if let value, !value.isNull { self.value = value } else { self.value = Optional<JSONValue>.none }
    }

    subscript(_ name: String) -> JSONField { JSONField(value?[name], place?.child(name)) }

    subscript(_ first: String, _ rest: String...) -> JSONField { rest.reduce(self[first]) { $0[$1] } }

    var isSet: Bool { value != nil }
    /// Empty when absent.
    var string: String { value?.stringValue ?? "" }
    var isEmptyText: Bool { string.isEmpty }
    var integer: Int64? { value?.integerValue }
    var isTrue: Bool { value == .bool(true) }
    /// The elements of a list with their indexes.
    var items: [JSONField] {
        (value?.arrayValue ?? []).enumerated().map { JSONField($0.element, place?.index($0.offset)) }
    }
    var strings: [String] { (value?.arrayValue ?? []).map { $0.stringValue ?? "" } }
    /// The members of a map with their keys in brackets.
    var entries: [(key: String, field: JSONField)] {
        (value?.objectValue?.members ?? []).map { ($0.key, JSONField($0.value, place?.key($0.key))) }
    }
    var object: JSONObject { value?.objectValue ?? JSONObject() }
    /// The value as errors show it.
    var shown: JSONValue { value ?? .null }
    var quantity: Quantity? { value?.stringValue.flatMap { try? Quantity(parsing: $0) } }
    var stringMap: [String: String] {
        Dictionary(object.members.map { ($0.key, $0.value.stringValue ?? "") }, uniquingKeysWith: { $1 })
    }

    /// Decodes into one of the generated types; what does not fit is left out, since the object is canonical already.
    func decoded<T: APIStruct>(_ type: T.Type) -> T {
        guard let value else { return T() }
        var decoder = ObjectDecoder(options: .lenient)
        return T.decode(value, &decoder) ?? T()
    }
}

extension Validator {
    mutating func report(all errors: [FieldError]) { for error in errors { report(error) } }

    /// - Returns: Whether the text is there.
    @discardableResult
    mutating func required(_ field: JSONField, _ detail: String = "") -> Bool {
        guard field.isEmptyText else { return true }
        report(.required(field.path, detail))
        return false
    }

    mutating func invalid(_ field: JSONField, _ detail: String) {
        report(.invalid(field.path, field.shown, detail))
    }

    mutating func named(_ field: JSONField, _ rule: (String) -> [String]) {
        invalid(field.path, field.string, rule(field.string))
    }

    mutating func namedIfSet(_ field: JSONField, _ rule: (String) -> [String]) {
        if !field.isEmptyText { named(field, rule) }
    }

    mutating func nonNegative(_ field: JSONField) { nonNegative(field.integer, field.path) }

    /// - Parameter supported: Listed in this order.
    mutating func oneOf(_ field: JSONField, _ supported: [String]) {
        guard field.isSet, !supported.contains(field.string) else { return }
        report(.notSupported(field.path, field.shown, supported: supported))
    }

    /// As `oneOf`, and an absent text counts as the empty one.
    mutating func requiredOneOf(_ field: JSONField, _ supported: [String]) {
        guard !supported.contains(field.string) else { return }
        report(.notSupported(field.path, .string(field.string), supported: supported))
    }

    mutating func immutable(_ new: JSONField, _ old: JSONField) {
        if new.value != old.value { invalid(new, Self.isImmutable) }
    }

    static let isImmutable = "field is immutable"

    // MARK: Shared structures

    mutating func labelSelector(_ field: JSONField) {
        guard field.isSet else { return }
        labelSelector(field.decoded(LabelSelector.self), field.path)
    }

    /// A count or a share: `3` or `25%`.
    mutating func intOrPercent(_ field: JSONField) {
        if case .string(let text) = field.value {
            if !Self.isPercent(text) { invalid(field, Self.percentForm) }
        } else {
            nonNegative(field)
        }
    }

    mutating func notOver100Percent(_ field: JSONField) {
        guard case .string(let text) = field.value, Self.isPercent(text), let share = Int(text.dropLast()), share > 100
        else { return }
        invalid(field, "must not be greater than 100%")
    }

    static func isPercent(_ text: String) -> Bool {
        text.utf8.count > 1 && text.utf8.last == UInt8(ascii: "%")
            && text.utf8.dropLast().allSatisfy { $0 &- 0x30 < 10 }
    }

    static let percentForm =
        "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"

    /// The port of a probe, a service or a policy: a number or a name.
    mutating func port(_ field: JSONField) {
        if case .string(let name) = field.value {
            invalid(field.path, name, NameValidation.portName(name))
        } else {
            let number = field.integer ?? 0
            invalid(field.path, number, NameValidation.portNumber(Int(number)))
        }
    }
}
