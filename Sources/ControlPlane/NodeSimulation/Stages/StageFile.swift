internal import APIMachinery
internal import KubernetesAPI

/// What a file of the kind `SimulatedNodes` (swiftlet.dev/v1) says: what nodes are like, and how pods live on them.
package struct StageFile: Sendable {
    package var template = NodeTemplate()
    package var stages = StageTable.usual

    /// - Parameter file: Its name, for messages.
    /// - Throws: All that is wrong, a line for each problem: `FILE:LINE: PATH: what`.
    package static func read(_ bytes: [UInt8], file: String) throws(StageFileError) -> StageFile {
        let documents: [YAMLDocument]
        do throws(YAMLError) { documents = try YAMLDocument.documents(parsing: bytes) } catch {
            throw StageFileError(lines: ["\(file):\(error.line): \(error.message)"])
        }
        guard let document = documents.first, documents.count == 1 else {
            throw StageFileError(lines: ["\(file): \(documents.count) documents: a file of stages has one"])
        }
        let reader = StageReader(document: document, file: file)
        let result = reader.read()
        guard reader.lines.isEmpty else { throw StageFileError(lines: reader.lines) }
        return result
    }
}

/// All that is wrong with a file of stages.
package struct StageFileError: Error, Hashable, CustomStringConvertible {
    package var lines: [String]
    package var description: String { lines.joined(separator: "\n") }
}

/// Reads one document and collects what is wrong with it.
private final class StageReader {
    private let document: YAMLDocument
    private let file: String
    private(set) var lines: [String] = []

    init(document: YAMLDocument, file: String) {
        self.document = document
        self.file = file
        for problem in document.problems { lines.append("\(file):\(problem.line): \(problem.path): \(problem.message)") }
    }

    /// A mapping, and where it is.
    private struct Fields {
        var json: JSONValue
        var path: FieldPath
        subscript(name: String) -> JSONValue? { json[name].flatMap { $0.isNull ? nil : $0 } }
        func child(_ name: String) -> Fields { Fields(json: self[name] ?? .object(JSONObject()), path: path.child(name)) }
    }

    func read() -> StageFile {
        let root = Fields(json: document.json, path: .root)
        check(root, ["apiVersion", "kind", "node", "stages"])
        for (name, wanted) in [("apiVersion", "swiftlet.dev/v1"), ("kind", "SimulatedNodes")] where text(root, name) != wanted {
            add(root.path.child(name), "must be \(wanted)")
        }
        var result = StageFile()
        if root["node"] != nil { readNode(root.child("node"), into: &result.template) }
        if root["stages"] != nil { result.stages = StageTable(stages(root)) }
        return result
    }

    private func readNode(_ fields: Fields, into template: inout NodeTemplate) {
        check(fields, ["capacity", "labels", "zones", "heartbeat", "kubeletVersion"])
        for (name, value) in fields.child("capacity").json.objectValue?.pairs ?? [] {
            let text = value.stringValue ?? value.integerValue.map { "\($0)" } ?? ""
            if let quantity = try? Quantity(parsing: text), !quantity.isNegative {
                template.capacity[name] = quantity
            } else {
                add(fields.path.child("capacity", name), "must be a quantity, such as 32 or 64Gi")
            }
        }
        for (name, value) in fields.child("labels").json.objectValue?.pairs ?? [] {
            let problems = NameValidation.qualifiedName(name) + NameValidation.labelValue(value.stringValue ?? "\n")
            if let problem = problems.first { add(fields.path.child("labels", name), problem) }
            template.labels[name] = value.stringValue ?? ""
        }
        if fields["zones"] != nil { template.zones = list(fields, "zones") ?? [] }
        if let heartbeat = span(fields, "heartbeat") {
            if heartbeat < .seconds(1) { add(fields.path.child("heartbeat"), "must be at least 1s") }
            template.heartbeat = max(heartbeat, .seconds(1))
        }
        if let version = text(fields, "kubeletVersion") { template.kubeletVersion = version }
    }

    private func stages(_ root: Fields) -> [Stage] {
        guard let items = root["stages"]?.arrayValue else {
            add(root.path.child("stages"), "must be a list")
            return []
        }
        return items.enumerated().map { index, item in
            stage(Fields(json: item, path: root.path.child("stages").index(index)), index)
        }
    }

    private func stage(_ fields: Fields, _ index: Int) -> Stage {
        check(fields, ["name", "when", "delay", "jitter", "weight", "do"])
        var stage = Stage(text(fields, "name") ?? "stage \(index)")
        stage.delay = span(fields, "delay") ?? .zero
        stage.jitter = span(fields, "jitter") ?? .zero
        if let weight = fields["weight"] {
            if let number = weight.integerValue, (1...1_000_000).contains(number) {
                stage.weight = Int(number)
            } else {
                add(fields.path.child("weight"), "must be a whole number from 1 to 1000000")
            }
        }
        stage.condition = condition(fields.child("when"))
        if fields["do"] == nil { add(fields.path.child("do"), "is missing: what becomes of the pod") }
        stage.effect = effect(fields.child("do"))
        return stage
    }

    private func condition(_ fields: Fields) -> Stage.Condition {
        check(fields, ["phase", "deleted", "conditions", "owner", "restartPolicy", "labels"])
        var condition = Stage.Condition()
        condition.phases = list(fields, "phase", oneOf: Self.phases).map { Set($0) }
        condition.isDeleted = flag(fields, "deleted") ?? false
        condition.owners = list(fields, "owner").map { Set($0) }
        condition.restartPolicies = list(fields, "restartPolicy", oneOf: ["Always", "OnFailure", "Never"]).map { Set($0) }
        for (type, status) in fields.child("conditions").json.objectValue?.pairs ?? [] {
            guard let status = status.stringValue, ["True", "False", "Unknown"].contains(status) else {
                add(fields.path.child("conditions", type), "must be \"True\", \"False\" or \"Unknown\", in quotes")
                continue
            }
            condition.conditions[type] = status
        }
        if let labels = text(fields, "labels") {
            do { condition.labels = try Selector(parsing: labels) } catch { add(fields.path.child("labels"), "\(error)") }
        }
        return condition
    }

    private static let phases = ["Pending", "Running", "Succeeded", "Failed"]

    private func effect(_ fields: Fields) -> Stage.Effect {
        check(fields, ["phase", "ready", "restart", "exitCode", "status", "delete", "event"])
        var effect = Stage.Effect()
        effect.phase = text(fields, "phase")
        if let phase = effect.phase, !Self.phases.contains(phase) {
            add(fields.path.child("phase"), "must be one of \(Self.phases.joined(separator: ", "))")
        }
        effect.isReady = flag(fields, "ready")
        effect.restarts = flag(fields, "restart") ?? false
        effect.deletes = flag(fields, "delete") ?? false
        if let code = fields["exitCode"] {
            if let number = code.integerValue, (0...255).contains(number) {
                effect.exitCode = Int32(number)
            } else {
                add(fields.path.child("exitCode"), "must be a whole number from 0 to 255")
            }
        }
        if let status = fields["status"] {
            effect.status = status
            // With the problems that an API server would name.
            let pod: JSONValue = ["apiVersion": "v1", "kind": "Pod", "status": status]
            let own = "\(fields.path).status"
            for problem in Pod.decode(pod, at: fields.path).problems where "\(problem.path)".hasPrefix(own) {
                add(problem.path, problem.body)
            }
        }
        if fields["event"] != nil { effect.event = event(fields.child("event")) }
        return effect
    }

    private func event(_ fields: Fields) -> Stage.Event {
        check(fields, ["type", "reason", "message"])
        let type = text(fields, "type") ?? "Normal"
        if !["Normal", "Warning"].contains(type) { add(fields.path.child("type"), "must be Normal or Warning") }
        if fields["reason"] == nil { add(fields.path.child("reason"), "is missing: one word in CamelCase") }
        return Stage.Event(type: type, reason: text(fields, "reason") ?? "", message: text(fields, "message") ?? "")
    }

    // MARK: Values

    private func add(_ path: FieldPath, _ problem: String) {
        lines.append("\(file):\(document.line(of: path)): \(path): \(problem)")
    }

    private func check(_ fields: Fields, _ known: [String]) {
        guard let object = fields.json.objectValue else {
            add(fields.path, "must be a mapping")
            return
        }
        for name in object.keys where !known.contains(name) {
            add(fields.path.child(name), "is no field that is known here: there are \(known.joined(separator: ", "))")
        }
    }

    private func text(_ fields: Fields, _ name: String) -> String? {
        guard let value = fields[name] else { return nil }
        guard let text = value.stringValue else {
            add(fields.path.child(name), "must be a text")
            return nil
        }
        return text
    }

    private func flag(_ fields: Fields, _ name: String) -> Bool? {
        guard let value = fields[name] else { return nil }
        guard let flag = value.boolValue else {
            add(fields.path.child(name), "must be true or false")
            return nil
        }
        return flag
    }

    /// A text, or a list of texts.
    private func list(_ fields: Fields, _ name: String, oneOf known: [String]? = nil) -> [String]? {
        guard let value = fields[name] else { return nil }
        let items = value.stringValue.map { [$0] } ?? value.arrayValue?.compactMap(\.stringValue)
        guard let items, items.count == value.arrayValue?.count ?? 1 else {
            add(fields.path.child(name), "must be a text or a list of texts")
            return nil
        }
        if let known, let wrong = items.first(where: { !known.contains($0) }) {
            add(fields.path.child(name), "\(wrong) is none of \(known.joined(separator: ", "))")
        }
        return items
    }

    /// `500ms`, `2s`, `1.5m`, `1h`.
    private func span(_ fields: Fields, _ name: String) -> Duration? {
        guard let text = text(fields, name) else { return nil }
        let number = text.prefix { $0.isNumber || $0 == "." }
        let units: [String: Double] = ["ms": 0.001, "s": 1, "m": 60, "h": 3600]
        guard let value = Double(number), let unit = units[String(text.dropFirst(number.count))], value * unit <= 1e6 else {
            add(fields.path.child(name), "\(text.quoted) is no time span: write it as 500ms, 2s, 1m or 1h")
            return nil
        }
        return .seconds(value * unit)
    }
}

extension JSONObject {
    fileprivate var pairs: [(String, JSONValue)] { members.map { ($0.key, $0.value) } }
}
