package import APIMachinery

/// Kubernetes' protobuf encoding of objects: `k8s\0`, then an envelope with the kind and the object's own message.
///
/// Covers the built-in kinds, their lists, and Status, DeleteOptions, WatchEvent, PartialObjectMetadata and its list.
/// Tables and custom resources have none, upstream neither.
package enum ProtobufTranscoder {
    package static let contentType = "application/vnd.kubernetes.protobuf"
    static let magic: [UInt8] = [0x6b, 0x38, 0x73, 0x00]

    package static func isSupported(_ kind: GroupVersionKind) -> Bool { ProtobufSchema.builtIn.message(for: kind) != nil }

    /// Whether the bytes stand behind `k8s\0`.
    static func hasEnvelope(_ bytes: [UInt8], at start: Int, end: Int) -> Bool {
        end - start >= magic.count && magic.indices.allSatisfy { bytes[start + $0] == magic[$0] }
    }

    /// Reads an object; `apiVersion` and `kind` come first in it. Zero values are left out as Go's JSON does.
    package static func json(from bytes: [UInt8]) throws(ProtobufError) -> JSONObject {
        var reader = ProtobufReader(schema: .builtIn, bytes: bytes)
        return try reader.readEnvelope()
    }

    /// Reads the message of a kind without an envelope.
    package static func json(fromMessage bytes: [UInt8], kind: GroupVersionKind) throws(ProtobufError) -> JSONObject {
        guard let index = ProtobufSchema.builtIn.message(for: kind) else {
            throw ProtobufError(reason: .unknownKind(kind.description), offset: 0)
        }
        var reader = ProtobufReader(schema: .builtIn, bytes: bytes)
        return try reader.readMessage(index)
    }

    /// - Parameter object: Its `apiVersion` and `kind` say what it is.
    /// - Returns: Nil for a kind that has no protobuf encoding.
    package static func protobuf(from object: JSONObject) -> [UInt8]? {
        let kind = GroupVersionKind(
            apiVersion: object["apiVersion"]?.stringValue ?? "", kind: object["kind"]?.stringValue ?? "")
        return message(from: object, kind: kind).map { envelope(kind, around: $0) }
    }

    /// The object's message without an envelope.
    package static func message(from object: JSONObject, kind: GroupVersionKind) -> [UInt8]? {
        guard let index = ProtobufSchema.builtIn.message(for: kind) else { return nil }
        var writer = ProtobufWriter(schema: .builtIn, capacity: 4096)
        writer.write(object, index)
        return writer.bytes
    }

    /// Puts a message behind `k8s\0` and the name of its kind.
    package static func envelope(_ kind: GroupVersionKind, around message: [UInt8]) -> [UInt8] {
        var writer = ProtobufWriter(schema: .builtIn, capacity: message.count + 64)
        writer.write(magic)
        writer.writeNested(1) { writer in
            writer.write(text: kind.apiVersion, 1)
            writer.write(text: kind.kind, 2)
        }
        writer.write(bytes: message, 2)
        writer.write(text: "", 3)
        writer.write(text: "", 4)
        return writer.bytes
    }

    /// A frame of a watch: four bytes of length, most significant first, and a `WatchEvent`.
    ///
    /// - Parameters:
    ///   - type: `ADDED` and the like.
    ///   - object: In its envelope.
    package static func watchFrame(type: String, object: [UInt8]) -> [UInt8] {
        var writer = ProtobufWriter(schema: .builtIn, capacity: object.count + 32)
        writer.write(text: type, 1)
        writer.writeNested(2) { $0.write(bytes: object, 1) }
        let count = UInt32(writer.bytes.count)
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) } + writer.bytes
    }

    /// Reads a `WatchEvent`, without the length before it.
    package static func watchEvent(from bytes: [UInt8]) throws(ProtobufError) -> (type: String, object: JSONValue) {
        let event = try json(fromMessage: bytes, kind: .init(group: "", version: "v1", kind: "WatchEvent"))
        return (event["type"]?.stringValue ?? "", event["object"] ?? .null)
    }
}

/// Writes a list of objects one by one, without a JSON value of the whole.
package struct ProtobufListWriter {
    private let kind: GroupVersionKind
    private let item: ProtobufSchema.MessageIndex
    private var writer: ProtobufWriter

    /// - Parameters:
    ///   - itemKind: Of the objects; `PartialObjectMetadata` too.
    ///   - metadata: The list's own.
    /// - Returns: Nil for a kind that has no protobuf encoding.
    package init?(itemKind: GroupVersionKind, metadata: JSONObject) {
        let schema = ProtobufSchema.builtIn
        kind = itemKind.listKind
        guard let item = schema.message(for: itemKind), let list = schema.message(for: kind) else { return nil }
        self.item = item
        writer = ProtobufWriter(schema: schema, capacity: 64 << 10)
        writer.write(["metadata": .object(metadata)], list)
    }

    package mutating func append(_ object: JSONObject) {
        let item = item
        writer.writeNested(2) { $0.write(object, item) }
    }

    /// An object that is a message already.
    package mutating func append(message: [UInt8]) { writer.write(bytes: message, 2) }

    /// The list in its envelope.
    package func finish() -> [UInt8] { ProtobufTranscoder.envelope(kind, around: writer.bytes) }
}
