import APIMachinery

/// A value in an image's manifest, index or config, with its path for messages: `config.Env[2]: string expected, found null`.
struct MetadataField {
    let value: JSONValue
    let path: String

    /// - Parameters:
    ///   - bytes: One JSON document. As Go reads it, the last of two equal keys counts.
    ///   - name: What the document is, for messages.
    init(parsing bytes: [UInt8], name: String) throws(ImageError) {
        do { value = try JSONValue(parsing: bytes, options: JSONReadingOptions(duplicateKeys: .lastWins, maxDepth: 64)) } catch {
            throw ImageError(.refused, "\(name) is no JSON", cause: error)
        }
        path = name
    }

    init(_ value: JSONValue, name: String) { self.init(value, name) }

    private init(_ value: JSONValue, _ path: String) { (self.value, self.path) = (value, path) }

    /// The member, nil when it is absent or null.
    func member(_ key: String) throws(ImageError) -> MetadataField? {
        guard case .object(let object) = value else { throw mismatch("object") }
        guard let member = object[key], !member.isNull else { return nil }
        return MetadataField(member, "\(path).\(key)")
    }

    func required(_ key: String) throws(ImageError) -> MetadataField {
        guard let member = try member(key) else { throw .refused("\(path).\(key) is missing") }
        return member
    }

    var string: String {
        get throws(ImageError) {
            guard let text = value.stringValue else { throw mismatch("string") }
            return text
        }
    }

    var bool: Bool {
        get throws(ImageError) {
            guard let flag = value.boolValue else { throw mismatch("boolean") }
            return flag
        }
    }

    /// A count of bytes.
    var size: Int64 {
        get throws(ImageError) {
            guard let number = value.integerValue, number >= 0 else { throw mismatch("number of bytes") }
            return number
        }
    }

    var digest: Digest {
        get throws(ImageError) {
            do { return try Digest(try string) } catch { throw ImageError(.refused, path, cause: error) }
        }
    }

    var elements: [MetadataField] {
        get throws(ImageError) {
            guard let elements = value.arrayValue else { throw mismatch("array") }
            return elements.enumerated().map { MetadataField($1, "\(path)[\($0)]") }
        }
    }

    var strings: [String] {
        get throws(ImageError) {
            var strings: [String] = []
            for element in try elements { strings.append(try element.string) }
            return strings
        }
    }

    /// An object's keys, sorted.
    var keys: [String] {
        get throws(ImageError) {
            guard let object = value.objectValue else { throw mismatch("object") }
            return object.keys.sorted()
        }
    }

    var stringMap: [String: String] {
        get throws(ImageError) {
            var map: [String: String] = [:]
            for key in try keys { map[key] = try member(key)?.string ?? "" }
            return map
        }
    }

    private func mismatch(_ expected: String) -> ImageError {
        .refused("\(path): \(expected) expected, found \(value.typeName)")
    }
}

extension MetadataField {
    func string(_ key: String) throws(ImageError) -> String? { try member(key)?.string }
    func strings(_ key: String) throws(ImageError) -> [String]? { try member(key)?.strings }
}
