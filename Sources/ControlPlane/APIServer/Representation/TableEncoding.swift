internal import APIMachinery
internal import KubernetesAPI

extension ResponseEncoder {
    func checkIncludeObject() throws(Status) {
        guard !["", "None", "Metadata", "Object"].contains(format.includeObject) else { return }
        throw .badRequest(
            "Unable to convert to Table as requested: includeObject: Invalid value: \(format.includeObject.quoted): "
                + "must be 'Metadata', 'Object', 'None', or empty")
    }

    /// A meta.k8s.io Table with a row for each object.
    ///
    /// - Parameter hasColumns: Later events of a watch leave the definitions out.
    func table(_ objects: [JSONObject], metadata: JSONObject, version: String, hasColumns: Bool = true) -> JSONObject {
        let columns: [TableColumn] = hasColumns ? resource.stored?.strategy.columns ?? [] : []
        return [
            "kind": "Table", "apiVersion": .string("meta.k8s.io/\(version)"), "metadata": .object(metadata),
            "columnDefinitions": hasColumns ? .array(columns.map(\.json)) : .null,
            "rows": .array(objects.map { .object(row($0, version: version)) }),
        ]
    }

    private func row(_ object: JSONObject, version: String) -> JSONObject {
        guard let strategy = resource.stored?.strategy else { return JSONObject() }
        var row: JSONObject = ["cells": .array(strategy.cells(of: object, now: TableClock(now)))]
        let conditions = strategy.rowConditions(of: object)
        if !conditions.isEmpty { row.append("conditions", .array(conditions)) }
        switch format.includeObject {
        case "None": row.append("object", .null)
        case "Object": row.append("object", .object(object))
        default: row.append("object", .object(Self.partialMetadata(object, version: version)))
        }
        return row
    }
}
