import APIMachinery

/// A Table in the shapes that the recorder has kept of it.
struct TableShape {
    let table: JSONValue

    init(_ table: JSONValue) { self.table = table }

    func matching(_ want: JSONValue) -> JSONValue {
        guard table["kind"] == "Table" else { return table }
        if let columns = want.arrayValue, columns.first?.objectValue?["name"] != nil, columns.first?.objectValue?["cells"] == nil {
            return table["columnDefinitions"] ?? .null
        }
        if want.arrayValue?.first?.arrayValue != nil { return columns }
        if want["cells"] != nil { return rows.arrayValue?.first ?? .null }
        if want.arrayValue != nil { return rows }
        guard let wanted = want["rows"]?.arrayValue else { return table }
        var table = table
        if want["columnDefinitions"] == nil { table["columnDefinitions"] = nil }
        let cells = rows.arrayValue ?? []
        if wanted.count == cells.count {
            table["rows"] = .array(
                zip(self.table["rows"]?.arrayValue ?? [], cells).map { row, cells in
                    var row = row
                    row["cells"] = cells["cells"]
                    return row
                })
        }
        return table
    }

    private var columns: JSONValue {
        .array(
            (table["columnDefinitions"]?.arrayValue ?? []).map {
                .array([$0["name"] ?? .null, $0["type"] ?? .null, $0["format"] ?? .null, $0["priority"] ?? .null])
            })
    }

    private var rows: JSONValue {
        let names = (table["columnDefinitions"]?.arrayValue ?? []).map { $0["name"]?.stringValue ?? "" }
        return .array(
            (table["rows"]?.arrayValue ?? []).map { row in
                let cells = zip(names, row["cells"]?.arrayValue ?? []).map { Self.cell($1, of: $0) }
                var shaped: JSONValue = ["cells": .array(cells)]
                if let conditions = row["conditions"] { shaped["conditions"] = conditions }
                return shaped
            })
    }

    private static func cell(_ value: JSONValue, of column: String) -> JSONValue {
        guard let text = value.stringValue else { return value }
        let isAge = text.wholeMatch(of: /(-?\d+[smhdy])+( ago)?|<invalid>/) != nil
        if isAge, !["Duration", "Restarts", "RequestedDuration"].contains(column) { return "<age>" }
        if column == "Duration", text.contains("y") { return "<age>" }
        return .string(Normalizer.scrub(text).replacing(/\(\w+ ago\)/, with: "(<age> ago)"))
    }
}
