internal import APIMachinery

/// All that is wrong with an experiment's file, a line each: `file:line: field path: what is wrong: what would be right`.
package struct ExperimentError: Error, Sendable, Hashable, CustomStringConvertible {
    package var lines: [String]
    package var description: String { lines.joined(separator: "\n") }
}

/// A part of the file that is being read: its fields, each looked at once, and what is wrong with them.
struct ExperimentFields {
    let json: JSONValue
    let path: FieldPath

    func child(_ name: String) -> FieldPath { path.child(name) }
}

/// Collects problems with their lines.
struct ExperimentProblems {
    let file: String
    let document: YAMLDocument
    private var found: [(line: Int, text: String)] = []

    init(file: String, document: YAMLDocument) { (self.file, self.document) = (file, document) }

    mutating func add(_ path: FieldPath, _ message: String) {
        let line = document.line(of: path)
        found.append((line, "\(file):\(line): \(path.elements.isEmpty ? "" : "\(path): ")\(message)"))
    }

    var error: ExperimentError? {
        found.isEmpty
            ? nil
            : ExperimentError(
                lines: found.enumerated().sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }.map(\.element.text))
    }

    /// The member of an object, or nil; what is no object is told once.
    mutating func checkFields(_ fields: ExperimentFields, _ known: [String]) {
        guard let object = fields.json.objectValue else {
            return add(fields.path, "must be a mapping with \(known.joined(separator: ", ")): got \(fields.json.typeName)")
        }
        for key in object.keys where !known.contains(key) {
            add(fields.child(key), "unknown field: must be one of \(known.joined(separator: ", "))")
        }
    }

    mutating func text(_ fields: ExperimentFields, _ name: String) -> String? {
        guard let value = fields.json[name], !value.isNull else { return nil }
        if let text = value.stringValue { return text }
        if let number = value.integerValue { return "\(number)" }
        add(fields.child(name), "must be text: got \(value.typeName)")
        return nil
    }

    mutating func span(_ fields: ExperimentFields, _ name: String) -> Duration? {
        guard let text = text(fields, name) else { return nil }
        guard let span = SpanText.parse(text) else {
            add(fields.child(name), "\"\(text)\" is no span of time: write it as 500ms, 90s or 1h30m")
            return nil
        }
        return span
    }

    mutating func integer(_ fields: ExperimentFields, _ name: String, in range: ClosedRange<Int64>) -> Int64? {
        guard let value = fields.json[name], !value.isNull else { return nil }
        let number = value.integerValue ?? value.stringValue.flatMap { Int64($0) }
        guard let number, range.contains(number) else {
            add(fields.child(name), "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    mutating func flag(_ fields: ExperimentFields, _ name: String) -> Bool {
        guard let value = fields.json[name], !value.isNull else { return false }
        guard let flag = value.boolValue else {
            add(fields.child(name), "must be true or false")
            return false
        }
        return flag
    }

    mutating func items(_ fields: ExperimentFields, _ name: String) -> [ExperimentFields] {
        guard let value = fields.json[name], !value.isNull else { return [] }
        guard let items = value.arrayValue else {
            add(fields.child(name), "must be a list: got \(value.typeName)")
            return []
        }
        return items.enumerated().map { ExperimentFields(json: $1, path: fields.child(name).index($0)) }
    }

    mutating func happening(_ text: String, _ path: FieldPath) -> HappeningPattern? {
        do throws(PatternError) { return try HappeningPattern(parsing: text) } catch {
            add(path, error.description)
            return nil
        }
    }

    mutating func health(_ text: String?, _ path: FieldPath) -> HealthPattern {
        guard let text else { return .healthy }
        do throws(PatternError) { return try HealthPattern(parsing: text) } catch {
            add(path, error.description)
            return .healthy
        }
    }
}
