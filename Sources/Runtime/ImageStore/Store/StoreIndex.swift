import APIMachinery

/// `ROOT/images.json`: which images there are and how they are called. One version of it replaces another as a whole.
struct StoreIndex: Equatable {
    struct Record: Equatable {
        /// The config's digest.
        var id: Digest
        var manifest: Digest?
        var sizeBytes: Int64
        var layers: [LayerBlob]
        /// Full names with tags; a name stands at one image only.
        var references: [String]
        var repoDigests: [String]
        var origin = Image.Origin.archive
    }

    struct LayerBlob: Equatable {
        var digest: Digest
        var sizeBytes: Int64
    }

    var records: [Record] = []

    static let version: Int64 = 1

    init() {}

    /// Adds an image or merges it with the one already there; its names are taken from other images.
    mutating func insert(_ new: Record) {
        for index in records.indices { records[index].references.removeAll { new.references.contains($0) } }
        guard let index = records.firstIndex(where: { $0.id == new.id }) else {
            records.append(new)
            records.sort { $0.id < $1.id }
            return
        }
        var merged = new
        merged.manifest = new.manifest ?? records[index].manifest
        if records[index].origin == .registry { merged.origin = .registry }
        merged.references = Set(records[index].references).union(new.references).sorted()
        merged.repoDigests = Set(records[index].repoDigests).union(new.repoDigests).sorted()
        records[index] = merged
    }

    init(parsing bytes: [UInt8]) throws(ImageError) {
        let document = try MetadataField(parsing: bytes, name: "images.json")
        let version = try document.required("version").size
        guard version == Self.version else {
            throw .refused("images.json has version \(version), this program knows \(Self.version)")
        }
        for field in try document.required("images").elements { records.append(try Record(field)) }
    }

    var serialized: [UInt8] {
        let json: JSONValue = ["version": .integer(Self.version), "images": .array(records.map(\.json))]
        return json.serialized(.pretty)
    }
}

extension StoreIndex.Record {
    fileprivate init(_ field: MetadataField) throws(ImageError) {
        id = try field.required("id").digest
        manifest = try field.member("manifest")?.digest
        sizeBytes = try field.required("sizeBytes").size
        references = try field.required("references").strings
        repoDigests = try field.required("repoDigests").strings
        origin = try field.string("origin").flatMap { Image.Origin(rawValue: $0) } ?? .archive
        layers = []
        for layer in try field.required("layers").elements {
            layers.append(.init(digest: try layer.required("digest").digest, sizeBytes: try layer.required("sizeBytes").size))
        }
    }

    fileprivate var json: JSONValue {
        var json: JSONValue = [
            "id": .string(id.description), "sizeBytes": .integer(sizeBytes),
            "references": .array(references.map(JSONValue.string)), "repoDigests": .array(repoDigests.map(JSONValue.string)),
            "layers": .array(
                layers.map { ["digest": .string($0.digest.description), "sizeBytes": .integer($0.sizeBytes)] }),
        ]
        if origin != .archive { json["origin"] = .string(origin.rawValue) }
        json["manifest"] = manifest.map { .string($0.description) }
        return json
    }
}
