internal import APIMachinery

/// Writes an OpenAPI v2 document in the protobuf form of gnostic's `openapi.v2` messages, which is all that kubectl before
/// 1.28 asks for.
///
/// Covers what `OpenAPIDocuments.v2` and structural schemas hold. Extensions carry JSON, which is YAML too.
struct OpenAPIProtobuf {
    private var writer = ProtobufWriter(schema: .builtIn, capacity: 1 << 20)

    static func document(_ document: JSONValue) -> [UInt8] {
        var encoder = OpenAPIProtobuf()
        encoder.write(document)
        return encoder.writer.bytes
    }

    private mutating func write(_ document: JSONValue) {
        text(document["swagger"], 1)
        nested(2) {
            $0.text(document["info"]?["title"], 1)
            $0.text(document["info"]?["version"], 2)
        }
        nested(8) { encoder in
            for path in document["paths"].members { encoder.named(path, 2) { $0.write(pathItem: path.value) } }
        }
        nested(9) { encoder in
            for definition in document["definitions"].members {
                encoder.named(definition, 1) { $0.write(schema: definition.value) }
            }
        }
    }

    private mutating func write(pathItem: JSONValue) {
        for (method, number) in [("get", 2), ("put", 3), ("post", 4), ("delete", 5), ("patch", 8)] {
            if let operation = pathItem[method] { nested(number) { $0.write(operation: operation) } }
        }
        write(parameters: pathItem["parameters"], 9)
    }

    private mutating func write(operation: JSONValue) {
        texts(operation["produces"], 6)
        texts(operation["consumes"], 7)
        write(parameters: operation["parameters"], 8)
        nested(9) { encoder in
            for response in operation["responses"].members {
                encoder.named(response, 1) { encoder in
                    encoder.nested(1) { encoder in
                        encoder.text(response.value["description"], 1)
                        guard let schema = response.value["schema"] else { return }
                        encoder.nested(2) { encoder in encoder.nested(1) { $0.write(schema: schema) } }
                    }
                }
            }
        }
        write(extensionsOf: operation, 13)
    }

    /// A parameter stands in three messages, one for each choice: itself or a reference, in the body or not, query or path.
    private mutating func write(parameters: JSONValue?, _ number: Int) {
        for parameter in parameters?.arrayValue ?? [] {
            nested(number) { encoder in
                encoder.nested(1) { encoder in
                    switch parameter["in"] {
                    case "body": encoder.nested(1) { $0.write(bodyParameter: parameter) }
                    case "path": encoder.nested(2) { encoder in encoder.nested(4) { $0.write(parameter, type: 5, uniqueItems: 19) } }
                    default: encoder.nested(2) { encoder in encoder.nested(3) { $0.write(parameter, type: 6, uniqueItems: 20) } }
                    }
                }
            }
        }
    }

    private mutating func write(bodyParameter: JSONValue) {
        text(bodyParameter["name"], 2)
        text(bodyParameter["in"], 3)
        flag(bodyParameter["required"], 4)
        if let schema = bodyParameter["schema"] { nested(5) { $0.write(schema: schema) } }
    }

    private mutating func write(_ parameter: JSONValue, type: Int, uniqueItems: Int) {
        flag(parameter["required"], 1)
        text(parameter["in"], 2)
        text(parameter["name"], 4)
        text(parameter["type"], type)
        flag(parameter["uniqueItems"], uniqueItems)
    }

    private mutating func write(schema: JSONValue) {
        text(schema["$ref"], 1)
        text(schema["format"], 2)
        text(schema["title"], 3)
        text(schema["description"], 4)
        if let value = schema["default"] { any(value, 5) }
        texts(schema["required"], 19)
        for value in schema["enum"]?.arrayValue ?? [] { any(value, 20) }
        switch schema["additionalProperties"] {
        case .bool(let allows)?: nested(21) { $0.writer.write(integer: allows ? 1 : 0, 2) }
        case let inner?: nested(21) { encoder in encoder.nested(1) { $0.write(schema: inner) } }
        case nil: break
        }
        if let type = schema["type"] { nested(22) { $0.text(type, 1) } }
        if let items = schema["items"] { nested(23) { encoder in encoder.nested(1) { $0.write(schema: items) } } }
        for part in schema["allOf"]?.arrayValue ?? [] { nested(24) { $0.write(schema: part) } }
        if schema["properties"] != nil {
            nested(25) { encoder in
                for property in schema["properties"].members {
                    encoder.named(property, 1) { $0.write(schema: property.value) }
                }
            }
        }
        write(extensionsOf: schema, 31)
    }

    // MARK: Parts

    private mutating func nested(_ number: Int, _ body: (inout OpenAPIProtobuf) -> Void) {
        var inner = OpenAPIProtobuf(writer: ProtobufWriter(schema: .builtIn))
        body(&inner)
        writer.write(bytes: inner.writer.bytes, number)
    }

    private init(writer: ProtobufWriter) { self.writer = writer }
    private init() {}

    /// A name 1 with its value 2.
    private mutating func named(_ member: JSONObject.Member, _ number: Int, _ body: (inout OpenAPIProtobuf) -> Void) {
        nested(number) { encoder in
            encoder.writer.write(text: member.key, 1)
            encoder.nested(2, body)
        }
    }

    private mutating func write(extensionsOf value: JSONValue, _ number: Int) {
        for member in Optional(value).members where member.key.hasPrefix("x-") {
            nested(number) { encoder in
                encoder.writer.write(text: member.key, 1)
                encoder.any(member.value, 2)
            }
        }
    }

    private mutating func any(_ value: JSONValue, _ number: Int) {
        nested(number) { $0.writer.write(text: value.serializedText(), 2) }
    }

    private mutating func text(_ value: JSONValue?, _ number: Int) {
        if let text = value?.stringValue, !text.isEmpty { writer.write(text: text, number) }
    }

    private mutating func texts(_ value: JSONValue?, _ number: Int) {
        for item in value?.arrayValue ?? [] { writer.write(text: item.stringValue ?? "", number) }
    }

    private mutating func flag(_ value: JSONValue?, _ number: Int) {
        if value?.boolValue == true { writer.write(integer: 1, number) }
    }
}

extension JSONValue? {
    fileprivate var members: [JSONObject.Member] { self?.objectValue?.members ?? [] }
}
