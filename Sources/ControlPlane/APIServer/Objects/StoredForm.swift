package import APIMachinery

/// How objects of one kind and version stand in the store: compact JSON that begins with kind, apiVersion and metadata, without a
/// resourceVersion. So the place where the resourceVersion is put on the way out is the same in each of them, and no object is read for it.
package struct StoredForm: Sendable {
    package let kind: GroupVersionKind
    /// `{"kind":"Pod","apiVersion":"v1","metadata":{`
    let head: [UInt8]
    /// Lists of built-in kinds leave kind and apiVersion out of their items.
    let itemHead: [UInt8]

    package init(kind: GroupVersionKind, itemsCarryKind: Bool) {
        self.kind = kind
        let name = JSONValue.string(kind.kind).serializedText()
        let version = JSONValue.string(kind.apiVersion).serializedText()
        head = Array("{\"kind\":\(name),\"apiVersion\":\(version),\"metadata\":{".utf8)
        itemHead = itemsCarryKind ? head : Array("{\"metadata\":{".utf8)
    }

    /// The bytes of an object for the store. The metadata has at least a name.
    package func bytes(of object: JSONObject) -> [UInt8] {
        var metadata = object["metadata"]?.objectValue ?? JSONObject()
        metadata["resourceVersion"] = nil
        metadata["selfLink"] = nil
        var ordered = JSONObject()
        ordered.reserveCapacity(object.count + 2)
        ordered.append("kind", .string(kind.kind))
        ordered.append("apiVersion", .string(kind.apiVersion))
        ordered.append("metadata", .object(metadata))
        for member in object.members where !["kind", "apiVersion", "metadata"].contains(member.key) {
            ordered.append(member.key, member.value)
        }
        return JSONValue.object(ordered).serialized()
    }

    /// Whether bytes stand in this form, as everything does that this server has written.
    func matches(_ bytes: [UInt8]) -> Bool { bytes.count > head.count && bytes.span.extracting(first: head.count).isSame(as: head.span) }

    /// The bytes as they are if they stand in this form; else what they say, brought into it.
    ///
    /// - Returns: nil for bytes that are no JSON object. With the apiVersion that they named, where that was another one.
    func normalized(_ bytes: [UInt8]) -> (bytes: [UInt8], writtenVersion: String?)? {
        if matches(bytes) { return (bytes, nil) }
        guard let object = (try? JSONValue(parsing: bytes))?.objectValue else { return nil }
        let version = object["apiVersion"]?.stringValue
        return (self.bytes(of: object), version == kind.apiVersion ? nil : version)
    }

    /// The object as it is answered alone.
    package func answer(_ bytes: [UInt8], revision: Int64) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + Self.versionLengthMax)
        append(bytes, revision: revision, head: head, to: &result)
        return result
    }

    /// The object as it stands in a list.
    func appendItem(_ bytes: [UInt8], revision: Int64, to result: inout [UInt8]) {
        append(bytes, revision: revision, head: itemHead, to: &result)
    }

    /// The object as it stands in an event.
    func appendObject(_ bytes: [UInt8], revision: Int64, to result: inout [UInt8]) {
        append(bytes, revision: revision, head: head, to: &result)
    }

    /// The object's metadata with its resourceVersion, as the object that a row or a list of metadata shows.
    ///
    /// - Parameters:
    ///   - end: Where the metadata ends in the bytes.
    ///   - head: `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{`
    func appendMetadata(_ bytes: [UInt8], end: Int, revision: Int64, head: [UInt8], to result: inout [UInt8]) {
        result += head
        result += "\"resourceVersion\":\"".utf8
        result += String(revision).utf8
        result += "\",".utf8
        result += bytes[self.head.count..<max(end, self.head.count)]
        result.append(UInt8(ascii: "}"))
    }

    static func partialHead(version: String) -> [UInt8] {
        Array("{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/\(version)\",\"metadata\":{".utf8)
    }

    /// The most that a resourceVersion adds.
    static let versionLengthMax = 42

    private func append(_ bytes: [UInt8], revision: Int64, head: [UInt8], to result: inout [UInt8]) {
        result += head
        result += "\"resourceVersion\":\"".utf8
        result += String(revision).utf8
        result += "\",".utf8
        result += bytes[self.head.count...]
    }

    /// The object with its resourceVersion, where upstream has it.
    package func object(_ bytes: [UInt8], revision: Int64) -> JSONObject {
        // What the store holds was written by this server, or was found to be JSON when it was loaded.
        guard var object = (try? JSONValue(parsing: bytes))?.objectValue else { return JSONObject() }
        object.setResourceVersion(String(revision))
        return object
    }
}

extension Span<UInt8> {
    func isSame(as other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in indices where self[index] != other[index] { return false }
        return true
    }
}
