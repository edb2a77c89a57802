package import APIMachinery

/// The columns that a CustomResourceDefinition gives a version's objects (`additionalPrinterColumns`).
package struct PrinterColumns: Sendable {
    private struct Column: Sendable {
        let column: TableColumn
        let path: SimpleJSONPath?
    }

    private let additional: [Column]

    /// - Parameter definitions: The version's `additionalPrinterColumns`; without them there is the age.
    package init(_ definitions: [JSONValue]) {
        additional =
            definitions.isEmpty
            ? [
                Column(
                    column: TableColumn(name: "Age", type: "date", description: ColumnDescriptions.text("Age")),
                    path: try? SimpleJSONPath(parsing: ".metadata.creationTimestamp"))
            ]
            : definitions.map { definition in
                Column(
                    column: TableColumn(
                        name: definition["name"]?.stringValue ?? "", type: definition["type"]?.stringValue ?? "string",
                        format: definition["format"]?.stringValue ?? "",
                        description: definition["description"]?.stringValue ?? "",
                        priority: Int32(clamping: definition["priority"]?.integerValue ?? 0)),
                    path: try? SimpleJSONPath(parsing: definition["jsonPath"]?.stringValue ?? ""))
            }
    }

    package var columns: [TableColumn] { [TableColumn(parsing: "Name")] + additional.map(\.column) }

    package func cells(of object: JSONObject, now: TableClock) -> [JSONValue] {
        [.string(object["metadata"]?["name"]?.stringValue ?? "")]
            + additional.map { Self.cell($0, .object(object), now) }
    }

    /// A value of another type than the column's is left empty.
    private static func cell(_ column: Column, _ object: JSONValue, _ now: TableClock) -> JSONValue {
        guard let path = column.path else { return .null }
        let found = path.values(in: object)
        if column.column.type == "string" {
            guard let found, let first = found.first else { return found == nil ? .null : .null }
            return .string(text(first))
        }
        guard let first = found?.first else { return .null }
        switch (column.column.type, first) {
        case ("integer", .integer), ("number", .integer), ("number", .number), ("boolean", .bool): return first
        case ("integer", .number(let number)): return .integer(Int64(number.doubleValue))
        case ("date", .string(let text)):
            guard let time = Timestamp(text) else { return "<invalid>" }
            return .string(now.since(time))
        default: return .null
        }
    }

    private static func text(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): text
        case .null: "<no value>"
        default: value.serializedText(.compact)
        }
    }
}
