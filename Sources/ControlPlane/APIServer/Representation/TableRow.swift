internal import APIMachinery
internal import KubernetesAPI

/// A row of a Table as bytes, with gaps for the ages: made once for each version of an object, finished for every answer.
struct TableRow: Sendable {
    /// `{"cells":["web-1","1/1",""]`: without the end of the row, an empty text where an age belongs.
    private let bytes: [UInt8]
    /// In order: where an age goes, and since when it counts.
    private let gaps: [(offset: Int, start: Timestamp)]
    /// Where the metadata ends in the object's own bytes.
    let metadataEnd: Int

    init(_ item: StoredItem, _ resource: ResourceDefinition) {
        let object = resource.object(item)
        var row = JSONObject()
        if let strategy = resource.stored?.strategy {
            row.append("cells", .array(strategy.cells(of: object, now: .marking)))
            let conditions = strategy.rowConditions(of: object)
            if !conditions.isEmpty { row.append("conditions", .array(conditions)) }
        }
        var marked = JSONValue.object(row).serialized()
        marked.removeLast()
        (bytes, gaps) = Self.split(marked)
        metadataEnd = MetadataScanner.end(in: item.value, metadataAt: resource.stored?.location.form.head.count ?? 1)
    }

    /// Takes the marks out, and notes where they stood.
    private static func split(_ marked: [UInt8]) -> ([UInt8], [(offset: Int, start: Timestamp)]) {
        let mark = Array(TableClock.mark.utf8)
        var bytes: [UInt8] = []
        var gaps: [(offset: Int, start: Timestamp)] = []
        bytes.reserveCapacity(marked.count)
        var rest = marked[...]
        while let found = rest.firstRange(of: mark) {
            bytes += rest[..<found.lowerBound]
            let end = rest[found.upperBound...].firstIndex(of: UInt8(ascii: ";")) ?? rest.endIndex
            let parts = String(decoding: rest[found.upperBound..<end], as: UTF8.self).split(separator: ".")
            gaps.append((bytes.count, Timestamp(seconds: Int64(parts.first ?? "") ?? 0, nanoseconds: Int64(parts.last ?? "") ?? 0)))
            rest = rest[min(end + 1, rest.endIndex)...]
        }
        return (bytes + rest, gaps)
    }

    func append(to result: inout [UInt8], now: Timestamp) {
        var start = 0
        for gap in gaps {
            result += bytes[start..<gap.offset]
            result += TableClock.age(gap.start, at: now).utf8
            start = gap.offset
        }
        result += bytes[start...]
    }
}

extension ResponseEncoder {
    /// Lists of what is stored in this very version, in plain JSON, are put together from bytes.
    var isAssembled: Bool { format.encoding == .json && !format.isPretty && resource.stored != nil && resource.stored?.conversion == nil }

    func assembledTable(_ items: [StoredItem], metadata: JSONObject, version: String) -> [UInt8] {
        guard let form = resource.stored?.location.form else { return [] }
        let head = StoredForm.partialHead(version: version)
        var bytes = JSONValue.object(table([], metadata: metadata, version: version)).serialized()
        bytes.removeLast(2)  // the end of the rows and of the table
        bytes.reserveCapacity(bytes.count + items.count * 1024)
        for (index, item) in items.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            let row = item.row { TableRow(item, resource) }
            row.append(to: &bytes, now: now)
            bytes += ",\"object\":".utf8
            switch format.includeObject {
            case "None": bytes += "null".utf8
            case "Object": form.appendObject(item.value, revision: item.modRevision, to: &bytes)
            default: form.appendMetadata(item.value, end: row.metadataEnd, revision: item.modRevision, head: head, to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
        bytes += "]}".utf8
        return bytes
    }

    func assembledMetadataList(_ items: [StoredItem], metadata: JSONObject, version: String) -> [UInt8] {
        guard let form = resource.stored?.location.form else { return [] }
        let head = StoredForm.partialHead(version: version)
        var bytes = JSONValue.object(Self.metadataListHead(metadata, version: version)).serialized()
        bytes.removeLast()
        bytes += ",\"items\":[".utf8
        for (index, item) in items.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            let end = MetadataScanner.end(in: item.value, metadataAt: form.head.count)
            form.appendMetadata(item.value, end: end, revision: item.modRevision, head: head, to: &bytes)
        }
        bytes += "]}".utf8
        return bytes
    }

    static func metadataListHead(_ metadata: JSONObject, version: String) -> JSONObject {
        ["kind": "PartialObjectMetadataList", "apiVersion": .string("meta.k8s.io/\(version)"), "metadata": .object(metadata)]
    }
}
