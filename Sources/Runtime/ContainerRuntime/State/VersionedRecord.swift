internal import APIMachinery

/// A state file that outlives the program that wrote it.
///
/// A version is one set of members, of the record and of all that it holds. Whoever adds, renames or drops one raises `newestVersion` and
/// says in `upgrade` how a record of the version before becomes one of the next. A program refuses what is newer than itself by name:
/// what it does not know of a container it would do wrong.
protocol VersionedRecord: Codable {
    /// For messages: `container record`.
    static var kind: String { get }
    static var newestVersion: Int { get }
    var version: Int { get }

    /// Turns a record of `version` into one of the next; the caller sets the number.
    static func upgrade(_ record: inout JSONObject, from version: Int)
}

/// A record that a newer program has written, or none of ours.
struct RecordVersionError: Error, Hashable, CustomStringConvertible {
    let kind: String
    let version: Int
    let newest: Int

    var description: String { "\(kind) has version \(version), this program knows 1 to \(newest)" }
}

extension StateDecoder {
    /// Reads a record of this or an earlier version.
    ///
    /// - Throws: `RecordVersionError` for a later one.
    func decode<Record: VersionedRecord>(record type: Record.Type, from bytes: [UInt8]) throws -> Record {
        let value = try JSONValue(parsing: bytes)
        guard var object = value.objectValue, let version = object["version"]?.integerValue.flatMap(Int.init(exactly:)) else {
            return try decode(type, from: value)  // says what is missing
        }
        guard (1...Record.newestVersion).contains(version) else {
            throw RecordVersionError(kind: Record.kind, version: version, newest: Record.newestVersion)
        }
        for version in version..<Record.newestVersion {
            Record.upgrade(&object, from: version)
            object["version"] = .integer(Int64(version + 1))
        }
        return try decode(type, from: .object(object))
    }
}

extension SandboxRecord: VersionedRecord {
    static let kind = "sandbox record"
    static let newestVersion = 1

    static func upgrade(_ record: inout JSONObject, from version: Int) {}
}

extension ContainerRecord: VersionedRecord {
    static let kind = "container record"
    /// 2: `image.mounted`, the layers of images that are mounted as volumes.
    static let newestVersion = 2

    static func upgrade(_ record: inout JSONObject, from version: Int) {
        guard version == 1, var image = record["image"]?.objectValue, image["mounted"] == nil else { return }
        image["mounted"] = .object(JSONObject())
        record["image"] = .object(image)
    }
}
