import APIMachinery
import APIServer
import Testing

/// Sends a recorded topic's requests one after the other and counts the answers that are equal.
struct Replay {
    struct Outcome {
        var equal = 0
        var different = 0
        var skipped = 0
        var report: [String] = []
        var byKind: [String: (equal: Int, all: Int)] = [:]
        var differing: Set<String> = []

        var share: Double { equal + different == 0 ? 0 : Double(equal) / Double(equal + different) }

        mutating func count(_ name: String, _ lines: [String], _ title: String) {
            let kind = String(name.prefix { $0 != ":" })
            byKind[kind, default: (0, 0)].all += 1
            if lines.isEmpty {
                equal += 1
                byKind[kind]?.equal += 1
            } else {
                different += 1
                differing.insert(name)
                report += [title] + lines.map { "    \($0)" }
            }
        }

        func summary(_ topic: String) -> String {
            let kinds = byKind.sorted { $0.key < $1.key }.filter { $0.value.equal < $0.value.all }
                .map { "\($0.key) \($0.value.equal)/\($0.value.all)" }
            let percent = String(Int(share * 1000) / 10) + "." + String(Int(share * 1000) % 10)
            return
                "\(topic): \(equal) of \(equal + different) equal (\(percent) %), \(skipped) skipped; not all: \(kinds.joined(separator: ", "))"
        }
    }

    let test: TestServer
    var variables: [String: String] = [:]
    var outcome = Outcome()
    /// Compares managedFields too.
    var keepsManagedFields = false
    /// Brings an answer into the shape that the recorder has kept.
    var shape: (@Sendable (JSONValue, JSONValue) -> JSONValue)?

    init(_ test: TestServer) { self.test = test }

    mutating func run(_ lines: [JSONValue]) async {
        for line in lines { await run(line) }
    }

    mutating func run(_ line: JSONValue) async {
        guard let request = line["request"], let wanted = line["response"], isPossible(request) else {
            outcome.skipped += 1
            return
        }
        var response = await send(request)
        if case .stream(let start) = response.body {
            let reader = EventReader()
            start(reader)
            _ = await reader.waitForEnd(seconds: 5)
            reader.close()
            response.body = .bytes(reader.events.first?.serialized() ?? [])
        }
        save(line, response)
        let name = line["name"]?.stringValue ?? ""
        let title =
            "\(name) | \(request["method"]?.stringValue ?? "") \(request["path"]?.stringValue ?? "") \(request["body"].map { String($0.serializedText().prefix(400)) } ?? "")"
        if line["setup"] == true {
            let code = Int64(response.status)
            if wanted["code"]?.integerValue != code {
                outcome.report.append("SETUP \(title): want \(wanted["code"] ?? .null) got \(code) \(response.text.prefix(300))")
            }
            return
        }
        outcome.count(name, differences(line, request, wanted, response), title)
    }

    /// Who asks, and what a proxy does, is decided outside of this server.
    private func isPossible(_ request: JSONValue) -> Bool {
        guard request["auth"] == nil, request["bodySize"] == nil else { return false }
        let headers = request["headers"]?.objectValue?.keys ?? []
        return !headers.contains { $0.hasPrefix("Impersonate") || $0 == "Authorization" }
    }

    private func filled(_ text: String) -> String {
        variables.sorted { $0.key.count > $1.key.count }.reduce(text) { $0.replacing("$\($1.key)", with: $1.value) }
    }

    func send(_ request: JSONValue) async -> APIResponse {
        var message = APIRequest(target: filled(request["path"]?.stringValue ?? ""))
        message.method = request["method"]?.stringValue ?? "GET"
        message.headers = ["Accept": "application/json", "User-Agent": "recorder/1"]
        if let body = request["body"] {
            message.body = Array(filled(body.serializedText()).utf8)
            message.headers["Content-Type"] = "application/json"
        } else if let raw = request["rawBody"]?.stringValue {
            let scalars = filled(raw).unicodeScalars
            let isBytes = scalars.contains { $0.value >= 0x80 } && scalars.allSatisfy { $0.value < 0x100 }
            message.body = isBytes ? scalars.map { UInt8($0.value) } : Array(filled(raw).utf8)
            message.headers["Content-Type"] = "application/json"
        }
        for member in request["headers"]?.objectValue?.members ?? [] {
            message.headers[member.key] = filled(member.value.stringValue ?? "")
        }
        return await test.server.handle(message, from: .system)
    }

    private mutating func save(_ line: JSONValue, _ response: APIResponse) {
        for member in line["save"]?.objectValue?.members ?? [] {
            let value = (member.value.stringValue ?? "").split(separator: ".").reduce((try? response.json)) { value, part in
                Int(part).flatMap { value?[$0] } ?? value?[String(part)]
            }
            if let text = value?.stringValue { variables[member.key] = text }
        }
    }

    private func differences(_ line: JSONValue, _ request: JSONValue, _ wanted: JSONValue, _ response: APIResponse) -> [String] {
        var lines: [String] = []
        if wanted["code"]?.integerValue != Int64(response.status) {
            lines.append("code: want \(wanted["code"] ?? .null) got \(response.status)")
        }
        if line["varies"] == true { return lines }
        lines += headerDifferences(wanted, response)
        let isTracked = wanted["body"]?[path: "metadata.managedFields"] != nil
        let normalizer = Normalizer(request: request["body"], keepsManagedFields: keepsManagedFields || isTracked)
        if let text = wanted["text"]?.stringValue {
            if case .bytes = response.body, Normalizer.scrub(response.text) != text, !text.contains("k8s") {
                lines.append("text: want \(text.prefix(300))\n      got  \(response.text.prefix(300))")
            }
        } else if let body = wanted["body"] {
            var got = (try? response.json) ?? .null
            // The recorder puts a mark for a name made up here, wherever it stands.
            if let prefix = request["body"]?[path: "metadata.generateName"]?.stringValue,
                let name = (got["metadata"]?["name"] ?? got["details"]?["name"])?.stringValue, name.hasPrefix(prefix), name != prefix,
                let renamed = try? JSONValue(parsing: got.serializedText().replacing(name, with: prefix + "<rand>"))
            {
                got = renamed
            }
            if let shape { got = shape(got, body) }
            let isWhole = body["status"] == "Failure"
            let cleanGot = normalizer.clean(got)
            lines += Difference.lines(want: Normalizer.wanted(body), got: cleanGot, isWhole: isWhole)
        }
        return lines
    }

    private func headerDifferences(_ wanted: JSONValue, _ response: APIResponse) -> [String] {
        var lines: [String] = []
        let want = (wanted["headers"]?["Warning"]?.arrayValue ?? []).compactMap(\.stringValue)
        let got = response.headers.all("Warning")
        if want != got { lines.append("Warning: want \(want)\n      got  \(got)") }
        for name in ["Retry-After", "Content-Type"] {
            guard let value = wanted["headers"]?[name]?.stringValue else { continue }
            if response.headers[name] != value { lines.append("\(name): want \(value) got \(response.headers[name] ?? "none")") }
        }
        return lines
    }
}
