import APIMachinery
import Glibc

/// A recording of the real components: what was written, by whom, and what came of it.
struct Trace {
    struct Write {
        var number: Int
        var time: Double
        var by: String
        var verb: String
        var resource: String
        var name: String
        var sub: String?
        var code: Int?
        var json: JSONValue

        var body: JSONValue? { json["body"] }
        var changed: JSONValue? { json["changed"] }
    }
    var manifests: [JSONValue] = []
    /// In the order of the client's writes.
    var steps: [(time: Double, text: String)] = []
    var writes: [Write] = []
    var events: [JSONValue] = []
    var finals: [JSONValue] = []

    static let directory = getenv("SWIFTLET_RECORDED").map { String(cString: $0) }

    init(_ name: String) throws {
        for line in try Self.lines("\(Self.directory ?? "")/traces/\(name).jsonl") {
            if let manifest = line["manifest"] { manifests.append(manifest) }
            if let step = line["step"], let text = step[1]?.stringValue { steps.append((step[0]?.doubleValue ?? 0, text)) }
            if let write = line["write"] { writes.append(Self.write(write)) }
            if let event = line["event"] { events.append(event) }
            if let final = line["final"] { finals.append(final) }
        }
        // A body that stands elsewhere.
        for index in writes.indices {
            guard let text = writes[index].body?.stringValue, let number = Int(text.split(separator: " ").last ?? "") else { continue }
            writes[index].json["body"] = writes.first { $0.number == number }?.body
        }
    }

    private static func write(_ json: JSONValue) -> Write {
        Write(
            number: Int(json["n"]?.integerValue ?? 0), time: json["t"]?.doubleValue ?? 0, by: json["by"]?.stringValue ?? "",
            verb: json["verb"]?.stringValue ?? "", resource: json["res"]?.stringValue ?? "", name: json["name"]?.stringValue ?? "",
            sub: json["sub"]?.stringValue, code: json["code"]?.integerValue.map { Int($0) }, json: json)
    }

    private static func lines(_ path: String) throws -> [JSONValue] {
        guard let handle = fopen(path, "r") else { throw TraceError(description: "open \(path): errno \(errno)") }
        defer { fclose(handle) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&buffer, 1, buffer.count, handle), count > 0 { bytes += buffer[..<count] }
        return try bytes.split(separator: 0x0a).map { try JSONValue(parsing: Array($0)) }
    }
}

struct TraceError: Error, CustomStringConvertible {
    let description: String
}
