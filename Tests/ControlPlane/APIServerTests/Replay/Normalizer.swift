import APIMachinery

/// Puts placeholders where the recording has them, so that only what is meant to be equal is compared.
struct Normalizer {
    /// The scalars that the request itself has sent: those are compared as they are.
    let sent: Set<JSONValue>
    var keepsManagedFields = false

    init(request: JSONValue?, keepsManagedFields: Bool = false) {
        var sent: Set<JSONValue> = []
        Self.collect(request ?? .null, &sent)
        self.sent = sent
        self.keepsManagedFields = keepsManagedFields
    }

    private static func collect(_ value: JSONValue, _ sent: inout Set<JSONValue>) {
        switch value {
        case .object(let object): for member in object.members { collect(member.value, &sent) }
        case .array(let elements): for element in elements { collect(element, &sent) }
        default: sent.insert(value)
        }
    }

    func clean(_ value: JSONValue, key: String = "") -> JSONValue {
        switch value {
        case .object(let object): return .object(clean(object))
        case .array(let elements): return .array(elements.map { clean($0, key: key) })
        case .string(let text): return .string(clean(text, key: key))
        case .integer(let number):
            if ["nodePort", "healthCheckNodePort"].contains(key), number != 0, !sent.contains(value) { return "<port>" }
            return value
        default: return value
        }
    }

    private func clean(_ object: JSONObject) -> JSONObject {
        var result = JSONObject()
        let prefix = object["generateName"]?.stringValue
        for member in object.members {
            if member.key == "managedFields", !keepsManagedFields { continue }
            var value = member.value
            if member.key == "name", let prefix, value.stringValue?.hasPrefix(prefix) == true { value = .string(prefix + "<rand>") }
            if member.key == "storageVersionHash" { value = "<hash>" }
            if member.key == "token", value.stringValue?.split(separator: ".").count == 3 { value = "<token>" }
            result.append(member.key, clean(value, key: member.key))
        }
        return result
    }

    private func clean(_ text: String, key: String) -> String {
        switch key {
        case "resourceVersion" where text != "" && text != "0": return "<rv>"
        case "continue" where !text.isEmpty: return "<continue>"
        case "clusterIP", "clusterIPs":
            if text != "None", text != "", !sent.contains(.string(text)) { return "<ip>" }
        case "time" where Timestamp(text) != nil: return "<time>"
        case "uid" where !text.isEmpty && !sent.contains(.string(text)): return "<uid>"
        default: break
        }
        return Self.scrub(text)
    }

    /// The parts of a message that are different each time.
    static func scrub(_ text: String) -> String {
        guard text.utf8.contains(where: { (0x30...0x39).contains($0) }) || text.contains("kube-api-access-") else { return text }
        var text = text.replacing(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/, with: "<uid>")
        text = text.replacing(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/) { match in
            isRecent(String(match.output.0)) ? "<time>" : String(match.output.0)
        }
        text = text.replacing(/(kube-api-access-)[a-z0-9]{5}\b/) { "\($0.output.1)<rand>" }
        text = text.replacing(/(too old resource version: \d+) \(\d+\)/) { "\($0.output.1) (<rv>)" }
        text = text.replacing(/(Too large resource version: \d+, current: )\d+/) { "\($0.output.1)<rv>" }
        text = text.replacing(/(the object's resource version is |ResourceVersion in object meta: |and )\d{2,}/) { "\($0.output.1)<rv>" }
        text = text.replacing(/(does not match the ResourceVersion in record \()\d+/) { "\($0.output.1)<rv>" }
        text = withoutLines(text)
        text = text.replacing(/(\\?"resourceVersion\\?":\\?")\d+/) { "\($0.output.1)<rv>" }
        return text
    }

    /// Where in a pod a difference begins depends on a volume that the recorded distribution adds to each.
    private static func withoutLines(_ text: String) -> String {
        guard text.contains("pod updates may not change fields") else { return text }
        return text.replacing(/@@ -\d+,(\d+) \+\d+,(\d+) @@/) { "@@ -<line>,\($0.output.1) +<line>,\($0.output.2) @@" }
    }

    /// The recorded answer, brought into the same form.
    static func wanted(_ value: JSONValue) -> JSONValue {
        switch value {
        case .string(let text): .string(withoutLines(text))
        case .array(let elements): .array(elements.map(wanted))
        case .object(let object): .object(JSONObject(members: object.members.map { .init(key: $0.key, value: wanted($0.value)) }))
        default: value
        }
    }

    private static func isRecent(_ text: String) -> Bool {
        guard let time = Timestamp(text) else { return false }
        return abs(time.seconds - Timestamp.now().seconds) < 3 * 86_400
    }
}

/// How an answer differs from what is wanted.
enum Difference {
    /// - Parameter isWhole: Nothing may be there that is not wanted.
    static func lines(want: JSONValue, got: JSONValue, isWhole: Bool, at path: String = "") -> [String] {
        switch (want, got) {
        case (.object(let want), .object(let got)):
            var lines: [String] = []
            for member in want.members {
                let path = path.isEmpty ? member.key : "\(path).\(member.key)"
                guard let other = got[member.key] else {
                    lines.append("\(path): missing, want \(short(member.value))")
                    continue
                }
                lines += Self.lines(want: member.value, got: other, isWhole: isWhole, at: path)
            }
            if isWhole {
                for member in got.members where want[member.key] == nil {
                    lines.append("\(path).\(member.key): not wanted: \(short(member.value))")
                }
            }
            return lines
        case (.array(let want), .array(let got)) where want.count == got.count:
            return zip(want, got).enumerated().flatMap {
                Self.lines(want: $0.element.0, got: $0.element.1, isWhole: isWhole, at: "\(path)[\($0.offset)]")
            }
        default: return want == got ? [] : ["\(path): want \(short(want))\n      got  \(short(got))"]
        }
    }

    private static func short(_ value: JSONValue) -> String { String(value.serializedText().prefix(600)) }
}
