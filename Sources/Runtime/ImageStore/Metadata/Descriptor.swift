/// A reference from one piece of content to another: OCI image-spec, descriptor.md.
struct Descriptor: Hashable {
    var mediaType: String
    var digest: Digest
    var sizeBytes: Int64
    var platform: Platform?
    var annotations: [String: String]

    init(_ field: MetadataField) throws(ImageError) {
        mediaType = try field.string("mediaType") ?? ""
        digest = try field.required("digest").digest
        sizeBytes = try field.required("size").size
        annotations = try field.member("annotations")?.stringMap ?? [:]
        if let platform = try field.member("platform") {
            self.platform = Platform(
                os: try platform.string("os") ?? "", architecture: try platform.string("architecture") ?? "",
                variant: try platform.string("variant"))
        }
    }

    /// The name a tool gave the image in an OCI layout.
    var imageName: String? {
        annotations["io.containerd.image.name"] ?? annotations["org.opencontainers.image.ref.name"]
    }

    /// Whether it leads to several manifests rather than being one.
    var isIndex: Bool {
        mediaType == "application/vnd.oci.image.index.v1+json"
            || mediaType == "application/vnd.docker.distribution.manifest.list.v2+json"
    }

    /// Build tools add manifests that are no images under the platform `unknown/unknown`.
    var isAttestation: Bool {
        platform?.os == "unknown" || annotations["vnd.docker.reference.type"] == "attestation-manifest"
    }
}

/// The manifests of several platforms: OCI image-spec, image-index.md; docker's manifest list has the same shape.
struct ManifestIndex {
    var manifests: [Descriptor] = []

    init(parsing bytes: [UInt8], name: String) throws(ImageError) {
        for field in try MetadataField(parsing: bytes, name: name).required("manifests").elements {
            manifests.append(try Descriptor(field))
        }
    }

    /// The manifest for a platform.
    static func choose(among manifests: [Descriptor], for wanted: Platform = .host) throws(ImageError) -> Descriptor {
        let images = manifests.filter { !$0.isAttestation }
        let suitable = images.compactMap { image in
            (image.platform == nil ? 0 : image.platform?.suitability(for: wanted)).map { (image, $0) }
        }
        if let best = suitable.max(by: { $0.1 < $1.1 }) { return best.0 }
        let offered = images.compactMap(\.platform?.description).joined(separator: ", ")
        throw .refused("no image for \(wanted): there is \(offered.isEmpty ? "none at all" : offered)")
    }
}

/// A config and its layers: OCI image-spec, manifest.md; docker's schema 2 has the same shape.
struct ImageManifest {
    var config: Descriptor
    /// Bottom first.
    var layers: [Descriptor] = []

    init(parsing bytes: [UInt8], name: String) throws(ImageError) {
        let document = try MetadataField(parsing: bytes, name: name)
        if try document.member("fsLayers") != nil {
            throw .refused("\(name) is a docker manifest of schema 1, which is no longer in use")
        }
        config = try Descriptor(document.required("config"))
        for field in try document.required("layers").elements { layers.append(try Descriptor(field)) }
    }
}

/// `manifest.json` of `docker save`: paths in the archive for each image.
struct DockerArchiveManifest {
    struct Item {
        var config: String
        var repoTags: [String]
        var layers: [String]
    }

    var items: [Item] = []

    init(parsing bytes: [UInt8]) throws(ImageError) {
        for field in try MetadataField(parsing: bytes, name: "manifest.json").elements {
            items.append(
                Item(
                    config: try field.required("Config").string, repoTags: try field.strings("RepoTags") ?? [],
                    layers: try field.strings("Layers") ?? []))
        }
        if items.isEmpty { throw .refused("manifest.json lists no image") }
    }
}
