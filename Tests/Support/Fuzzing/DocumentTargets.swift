internal import APIMachinery
internal import KubernetesAPI

extension FuzzTarget {
    /// What is read can be written, in every style, and is the same when it is read again.
    static func json(_ bytes: [UInt8]) {
        for duplicates in [JSONReadingOptions.DuplicateKeys.refuse, .lastWins] {
            guard let value = try? JSONValue(parsing: bytes, options: .init(duplicateKeys: duplicates)) else { continue }
            for style in [JSONStyle.compact, .pretty, .kubectl] {
                precondition((try? JSONValue(parsing: value.serialized(style))) == value, "written and read again, it is another value")
            }
        }
    }

    /// Every document is a JSON value that can be written.
    static func yaml(_ bytes: [UInt8]) {
        guard let documents = try? YAMLDocument.documents(parsing: bytes) else { return }
        for document in documents {
            precondition((try? JSONValue(parsing: document.json.serialized())) == document.json, "a document is no JSON")
        }
    }

    /// What a message says in JSON can be said as a message again.
    static func protobuf(_ bytes: [UInt8]) {
        _ = try? ProtobufTranscoder.watchEvent(from: bytes)
        guard let object = try? ProtobufTranscoder.json(from: bytes), let written = ProtobufTranscoder.protobuf(from: object) else {
            return
        }
        precondition((try? ProtobufTranscoder.json(from: written)) != nil, "what was written cannot be read")
    }

    /// A set of fields prints as what it was read from, once that has the canonical order.
    static func fieldSet(_ bytes: [UInt8]) {
        guard let value = try? JSONValue(parsing: bytes), let set = try? FieldSet(json: value) else { return }
        precondition((try? FieldSet(json: set.json)) == set, "written and read again, it is another set")
    }
}
