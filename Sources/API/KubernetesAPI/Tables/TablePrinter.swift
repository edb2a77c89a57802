internal import APIMachinery

/// The columns of a kind and how an object fills them.
struct TablePrinter: Sendable {
    var columns: [TableColumn]
    /// One value for each column.
    var cells: @Sendable (JSONField, TableClock) -> [JSONValue]
    var conditions: @Sendable (JSONField) -> [JSONValue] = { _ in [] }

    /// - Parameter columns: One text for each: `Name`, `Desired:integer`, `Containers::1` (type and priority behind colons).
    init(_ columns: String..., cells: @escaping @Sendable (JSONField, TableClock) -> [JSONValue]) {
        self.columns = columns.map { TableColumn(parsing: $0) }
        self.cells = cells
    }
}

extension TableColumn {
    /// `NAME[:TYPE[:PRIORITY[:FORMAT]]]`; the type is `string` when empty. `Name` has the format `name`.
    init(parsing text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        let type = parts.count > 1 && !parts[1].isEmpty ? parts[1] : "string"
        let priority = parts.count > 2 ? Int32(parts[2]) ?? 0 : 0
        let format = parts.count > 3 ? parts[3] : (parts[0] == "Name" ? "name" : "")
        self.init(
            name: parts[0], type: type, format: format, description: ColumnDescriptions.text(parts[0]),
            priority: priority)
    }
}

/// The tables of the built-in kinds, by the schema's type.
enum TablePrinters {
    static func printer(of type: String) -> TablePrinter { all[type] ?? fallback }

    private static let all: [String: TablePrinter] = {
        var all: [String: TablePrinter] = [:]
        for group in [core, workloads, network, storage, cluster, access, extensions] {
            all.merge(group) { first, _ in first }
        }
        return all
    }()

    /// Kinds without columns of their own show when they were made.
    private static let fallback = TablePrinter("Name", "Created At:date") { object, _ in
        [name(object), .string(object["metadata", "creationTimestamp"].string)]
    }
    static let createdAt = fallback

    // MARK: Cells

    static func name(_ object: JSONField) -> JSONValue { .string(object["metadata", "name"].string) }

    static func age(_ object: JSONField, _ now: TableClock) -> JSONValue {
        .string(since(object["metadata", "creationTimestamp"], now))
    }

    /// How long ago a time was, for people.
    static func since(_ field: JSONField, _ now: TableClock) -> String {
        guard let time = Timestamp(field.string) else { return "<unknown>" }
        return now.since(time)
    }

    static func count(_ field: JSONField) -> JSONValue { .integer(field.integer ?? 0) }
    static func text(_ field: JSONField, or placeholder: String) -> JSONValue {
        .string(field.isEmptyText ? placeholder : field.string)
    }
    static func yesOrNo(_ isTrue: Bool) -> JSONValue { .string(isTrue ? "True" : "False") }

    /// `a=1,b=2` in the order of the keys.
    static func labels(_ field: JSONField) -> String {
        let pairs = field.stringMap.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return pairs.isEmpty ? "<none>" : pairs.joined(separator: ",")
    }

    static func selector(_ field: JSONField) -> String {
        guard field.isSet else { return "<none>" }
        guard let selector = try? field.decoded(LabelSelector.self).selector() else { return "<error>" }
        let text = Selector(selector.requirements.sorted { $0.key < $1.key }).description
        return text.isEmpty ? "<none>" : text
    }

    static func containers(_ spec: JSONField) -> (names: JSONValue, images: JSONValue) {
        let list = spec["containers"].items
        return (
            .string(list.map { $0["name"].string }.joined(separator: ",")),
            .string(list.map { $0["image"].string }.joined(separator: ","))
        )
    }

    /// A number or a text of an IntOrString, or what stands for its absence.
    static func amount(_ field: JSONField, or placeholder: String) -> String {
        switch field.value {
        case .string(let text): text
        case .integer(let number): String(number)
        default: placeholder
        }
    }

    /// The first few, and how many more there are.
    static func some(_ items: [String], max: Int, separator: String) -> String {
        let shown = items.prefix(max).joined(separator: separator)
        return items.count > max ? "\(shown) + \(items.count - max) more..." : shown
    }
}
