package import APIMachinery

/// Reads API types from JSON values and collects every problem with its field path.
///
/// As in Go's decoder null is the same as absent, and so is the zero value of a field that is no pointer upstream.
package struct ObjectDecoder {
    package struct Options: Hashable, Sendable {
        /// Reports required members that are missing. An API server leaves that to validation.
        package var requiresFields = true
        /// Reports values outside a closed set. An API server leaves that to validation.
        package var checksEnums = true
        /// Reports members that the type does not have.
        package var refusesUnknownFields = true

        package init() {}
        /// Reports only what has the wrong type.
        package static let lenient = {
            var options = Options()
            options.requiresFields = false
            options.checksEnums = false
            options.refusesUnknownFields = false
            return options
        }()
    }

    package private(set) var problems: [FieldError] = []
    package private(set) var path: FieldPath
    package let options: Options
    private var objects: [Frame] = []

    /// An object that is being read, and how many of its members have been asked for.
    private struct Frame {
        let object: JSONObject
        var memberCountRead = 0
    }

    package init(at path: FieldPath = .root, options: Options = .init()) {
        self.path = path
        self.options = options
    }

    package mutating func report(_ problem: FieldError) { problems.append(problem) }

    /// Reports a value of the wrong type at the current path.
    package mutating func mismatch<T>(expected: String, got json: JSONValue) -> T? {
        let hint = Self.hint(expected: expected, got: json)
        report(FieldError(path, .wrongType, detail: "expected \(expected), got \(Self.describe(json))\(hint)"))
        return nil
    }

    /// What would be right, where quotes alone make the difference.
    private static func hint(expected: String, got json: JSONValue) -> String {
        switch json {
        case .bool, .integer, .number: expected == "string" ? ": put it in quotes" : ""
        case .string(let text) where expected.hasPrefix("integer") && Int64(text) != nil: ": remove the quotes"
        case .string("true") where expected == "boolean", .string("false") where expected == "boolean":
            ": remove the quotes"
        default: ""
        }
    }

    private static func describe(_ json: JSONValue) -> String {
        switch json {
        case .null, .array, .object: json.typeName
        default: "\(json.typeName) \(json)"
        }
    }
}

extension ObjectDecoder {
    mutating func enter(_ object: JSONObject) { objects.append(Frame(object: object)) }

    mutating func leave(knownNames: @autoclosure () -> [String]) {
        let frame = objects.removeLast()
        guard options.refusesUnknownFields, frame.memberCountRead < frame.object.count else { return }
        let known = knownNames()
        for member in frame.object.members where !known.contains(member.key) {
            let nearest = NearestName.find(member.key, among: known)
            report(
                FieldError(
                    path.child(member.key), .unknownField, detail: nearest.map { "did you mean \"\($0)\"?" } ?? ""))
        }
    }

    /// The member of the object being read; nil also for null.
    private mutating func member(_ name: String) -> JSONValue? {
        let last = objects.count - 1
        guard let value = objects[last].object[name] else { return nil }
        objects[last].memberCountRead += 1
        if case .null = value { return nil }
        return value
    }

    mutating func decodeChild<T: JSONConvertible>(_ json: JSONValue, at element: FieldPath.Element) -> T? {
        path.elements.append(element)
        defer { path.elements.removeLast() }
        return T.decode(json, &self)
    }

    /// Reads a member that may be absent.
    mutating func read<T: JSONConvertible>(_ name: String, _ value: inout T?) {
        guard let json = member(name) else { return }
        value = decodeChild(json, at: .field(name))
    }

    /// Reads a member whose zero value means the same as its absence.
    mutating func readNonzero<T: JSONConvertible & ZeroValued>(_ name: String, _ value: inout T?) {
        read(name, &value)
        if value == T.zeroValue { value = nil }
    }

    /// Reads a member of which the empty object means the same as its absence.
    mutating func readPlain<T: APIStruct>(_ name: String, _ value: inout T) {
        guard let json = member(name) else { return }
        value = decodeChild(json, at: .field(name)) ?? T()
    }

    mutating func readRequired<T: JSONConvertible>(_ name: String, _ value: inout T) {
        guard let json = member(name) else { return reportMissing(name) }
        if let read: T = decodeChild(json, at: .field(name)) { value = read }
    }

    mutating func readRequired<T: JSONConvertible>(_ name: String, _ value: inout T?) {
        guard let json = member(name) else { return reportMissing(name) }
        value = decodeChild(json, at: .field(name))
    }

    private mutating func reportMissing(_ name: String) {
        if options.requiresFields { report(.required(path.child(name))) }
    }

    mutating func readList<T: JSONConvertible>(_ name: String, _ value: inout [T]) {
        guard let json = member(name) else { return }
        path.elements.append(.field(name))
        defer { path.elements.removeLast() }
        value = [T].decode(json, &self) ?? []
    }

    /// A list that has to be there, though it may be empty.
    mutating func readRequiredList<T: JSONConvertible>(_ name: String, _ value: inout [T]) {
        if objects[objects.count - 1].object[name].map({ $0.isNull }) ?? true { reportMissing(name) }
        readList(name, &value)
    }

    mutating func readMap<T: JSONConvertible>(_ name: String, _ value: inout [String: T]) {
        guard let json = member(name) else { return }
        path.elements.append(.field(name))
        defer { path.elements.removeLast() }
        value = [String: T].decode(json, &self) ?? [:]
    }

    /// Checks that a string just read is one of a closed set. The empty string passes for an absent one.
    mutating func check(_ name: String, _ value: String?, isOneOf allowed: @autoclosure () -> [String]) {
        guard options.checksEnums, let value, !value.isEmpty else { return }
        let allowed = allowed()
        guard !allowed.contains(value) else { return }
        report(.notSupported(path.child(name), .string(value), supported: allowed.sorted()))
    }

    mutating func check(_ name: String, _ values: [String], isOneOf allowed: @autoclosure () -> [String]) {
        guard options.checksEnums, !values.isEmpty else { return }
        let allowed = allowed()
        for (index, value) in values.enumerated() where !allowed.contains(value) {
            report(.notSupported(path.child(name).index(index), .string(value), supported: allowed.sorted()))
        }
    }

    /// Checks `apiVersion` and `kind` against the type's own. Where they are absent, as in the items of a list, that is right.
    mutating func readTypeMeta(_ kind: GroupVersionKind) {
        var apiVersion: String?
        var name: String?
        read("apiVersion", &apiVersion)
        read("kind", &name)
        if let apiVersion, apiVersion != kind.apiVersion {
            report(.notSupported(path.child("apiVersion"), .string(apiVersion), supported: [kind.apiVersion]))
        }
        if let name, name != kind.kind {
            report(.notSupported(path.child("kind"), .string(name), supported: [kind.kind]))
        }
    }
}
