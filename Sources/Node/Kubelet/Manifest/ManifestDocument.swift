package import APIMachinery

/// One object of a manifest: a document of its own, or an item of a list.
package struct ManifestDocument: Sendable {
    package let file: String
    package let json: JSONValue
    /// Where the object stands in its document: the root, or `items[N]` of a list. Field paths begin with it.
    package let basePath: FieldPath
    private let document: YAMLDocument

    init(file: String, json: JSONValue, basePath: FieldPath, document: YAMLDocument) {
        self.file = file
        self.json = json
        self.basePath = basePath
        self.document = document
    }

    /// Empty when the object does not say.
    package var apiVersion: String { json["apiVersion"]?.stringValue ?? "" }
    /// Empty when the object does not say.
    package var kind: String { json["kind"]?.stringValue ?? "" }

    /// The line of a field, or, where it is missing, of the nearest field around it; from 1.
    package func position(of path: FieldPath) -> Int { document.line(of: path) }

    /// A field's problem with its place.
    package func problem(_ error: FieldError) -> ManifestError.Problem {
        .init(file: file, line: position(of: error.path), path: error.path, message: error.body)
    }
}
