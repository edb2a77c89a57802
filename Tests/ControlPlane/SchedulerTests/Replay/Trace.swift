import APIMachinery
import Glibc
import Testing

/// One scenario, recorded from the real components.
struct Trace {
    struct Step {
        var seconds: Double
        var text: String
    }
    struct RecordedEvent {
        var seconds: Double
        var type: String
        var reason: String
        var message: String
        var object: String
        var from: String
        var action: String
    }
    var name = ""
    var manifests: [JSONValue] = []
    var steps: [Step] = []
    var writes: [JSONValue] = []
    var events: [RecordedEvent] = []
    var finals: [JSONValue] = []

    /// Where the recordings are; without them the replay is left out.
    static let folder = getenv("SWIFTLET_RECORDED").map { String(cString: $0) }

    init(_ name: String) throws {
        let text = try Self.read("\(try #require(Self.folder))/traces/\(name).jsonl")
        for line in text.split(separator: "\n") {
            let json = try JSONValue(parsing: String(line))
            if let name = json["scenario"]?.stringValue { self.name = name }
            if let manifest = json["manifest"] { manifests.append(Self.withTimes(manifest)) }
            if let step = json["step"] { steps.append(Step(seconds: step[0]?.doubleValue ?? 0, text: step[1]?.stringValue ?? "")) }
            if let write = json["write"] { writes.append(write) }
            if let final = json["final"] { finals.append(final) }
            if let event = json["event"] { events.append(Self.event(event)) }
        }
    }

    /// Times in a recording are placeholders such as `<T-0.6>`.
    private static func withTimes(_ json: JSONValue) -> JSONValue {
        switch json {
        case .string(let text) where text.hasPrefix("<T"): .string("2026-01-01T00:00:00Z")
        case .array(let elements): .array(elements.map { withTimes($0) })
        case .object(let object):
            .object(JSONObject(members: object.members.map { .init(key: $0.key, value: withTimes($0.value)) }))
        default: json
        }
    }

    private static func event(_ json: JSONValue) -> RecordedEvent {
        func text(_ key: String) -> String { json[key]?.stringValue ?? "" }
        return RecordedEvent(
            seconds: json["t"]?.doubleValue ?? 0, type: text("type"), reason: text("reason"), message: text("message"), object: text("on"),
            from: text("from"), action: text("action"))
    }

    private static func read(_ path: String) throws -> String {
        let file = try #require(fopen(path, "r"), "no recording at \(path)")
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }
}
