internal import APIMachinery

/// Reads manifest files: several YAML documents, or JSON, each an object or a list of objects.
package enum ManifestReader {
    /// - Parameter path: `-` is standard input.
    /// - Returns: The objects in their order, those of lists one by one; none of an empty file.
    package static func read(path: String) throws(ManifestError) -> [ManifestDocument] {
        try read(try ManifestFile.read(path), file: path == "-" ? "stdin" : path)
    }

    /// - Parameter file: The name that errors begin with.
    package static func read(_ bytes: [UInt8], file: String) throws(ManifestError) -> [ManifestDocument] {
        if bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff]) {
            throw ManifestError([.init(file: file, line: 1, message: "the text is in UTF-16: write it in UTF-8")])
        }
        var documents: [YAMLDocument] = []
        for part in JSONStream.objects(in: bytes) {
            if file.hasSuffix(".json") { try checkJSON(part, file: file) }
            do throws(YAMLError) {
                documents += try YAMLDocument.documents(parsing: part)
            } catch {
                throw ManifestError([.init(file: file, line: error.line, message: error.message)])
            }
        }
        let problems = documents.flatMap { document in
            document.problems.map {
                ManifestError.Problem(file: file, line: $0.line, path: $0.path, message: $0.message)
            }
        }
        guard problems.isEmpty else { throw ManifestError(problems) }
        return try objects(in: documents, file: file)
    }

    /// YAML would accept more than JSON in a file that promises to be JSON.
    private static func checkJSON(_ bytes: [UInt8], file: String) throws(ManifestError) {
        do throws(JSONError) {
            _ = try JSONValue(parsing: bytes)
        } catch {
            throw ManifestError([.init(file: file, line: error.line, message: "\(error.reason)")])
        }
    }

    private static func objects(in documents: [YAMLDocument], file: String) throws(ManifestError) -> [ManifestDocument] {
        var objects: [ManifestDocument] = []
        for document in documents {
            let whole = ManifestDocument(file: file, json: document.json, basePath: .root, document: document)
            guard case .object = document.json else {
                throw ManifestError([
                    .init(file: file, line: document.line, message: "expected an object, got \(document.json.typeName)")
                ])
            }
            guard whole.apiVersion == "v1", whole.kind.hasSuffix("List"), let items = document.json["items"]?.arrayValue
            else {
                objects.append(whole)
                continue
            }
            for (index, item) in items.enumerated() {
                let path = FieldPath("items").index(index)
                let json = completed(item, listKind: whole.kind)
                objects.append(ManifestDocument(file: file, json: json, basePath: path, document: document))
            }
        }
        return objects
    }

    /// The items of a typed list, such as PodList, need not repeat their apiVersion and kind.
    private static func completed(_ item: JSONValue, listKind: String) -> JSONValue {
        guard listKind != "List", case .object(var object) = item else { return item }
        if object["apiVersion"] == nil { object["apiVersion"] = "v1" }
        if object["kind"] == nil { object["kind"] = .string(String(listKind.dropLast("List".count))) }
        return .object(object)
    }
}
