internal import APIMachinery

/// What a custom resource's schema or an object of flow control asks for that is not done.
enum DefinitionWarnings {
    static let warnings: @Sendable (JSONField, JSONField?) -> [String] = { new, _ in
        new["spec", "versions"].items.flatMap { ofSchema($0["schema", "openAPIV3Schema"]) }
    }

    /// The server has one bounded queue that is fair between users, whatever these objects say.
    static let ofFlowControl: @Sendable (JSONField, JSONField?) -> [String] = { new, old in
        old.map { $0["spec"].value == new["spec"].value } == true
            ? [] : ["spec: it is stored and not obeyed: requests wait in one queue that is fair between users"]
    }

    /// As upstream's validator knows them.
    private static let formats: Set<String> = [
        "bsonobjectid", "uri", "email", "hostname", "ipv4", "ipv6", "cidr", "mac", "uuid", "uuid3", "uuid4", "uuid5",
        "isbn", "isbn10", "isbn13", "creditcard", "ssn", "hexcolor", "rgbcolor", "byte", "password", "date", "duration",
        "datetime", "date-time", "int32", "int64", "float", "double", "k8s-short-name", "k8s-long-name",
    ]

    private static func ofSchema(_ schema: JSONField) -> [String] {
        guard schema.isSet else { return [] }
        var warnings: [String] = []
        let format = schema["format"].string
        if !format.isEmpty, !formats.contains(format) { warnings.append("unrecognized format \(format.quoted)") }
        for entry in schema["properties"].entries { warnings += ofSchema(entry.field) }
        for member in ["items", "additionalProperties"] where schema[member].value?.objectValue != nil {
            warnings += ofSchema(schema[member])
        }
        for member in ["allOf", "anyOf", "oneOf"] { warnings += schema[member].items.flatMap { ofSchema($0) } }
        return warnings
    }
}
