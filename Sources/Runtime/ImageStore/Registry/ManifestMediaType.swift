/// What a registry is asked for, and what its answers are (OCI image-spec, media-types.md; distribution project, manifest-v2-2.md).
enum ManifestMediaType {
    static let ociIndex = "application/vnd.oci.image.index.v1+json"
    static let ociManifest = "application/vnd.oci.image.manifest.v1+json"
    static let dockerList = "application/vnd.docker.distribution.manifest.list.v2+json"
    static let dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
    static let accepted = [ociIndex, ociManifest, dockerList, dockerManifest]

    static func isIndex(_ type: String) -> Bool { type == ociIndex || type == dockerList }

    /// What the document itself is, for a server that does not know.
    ///
    /// - Throws: `.refused` for what is no image's manifest.
    static func of(_ document: MetadataField, contentType: String?) throws(ImageError) -> String {
        let declared = try document.string("mediaType")
        let sent = contentType.map { String($0.prefix { $0 != ";" }) }
        let type = declared ?? sent ?? ""
        if type.hasPrefix("application/vnd.docker.distribution.manifest.v1") || document.value["fsLayers"] != nil {
            throw .refused("the registry has it as a docker manifest of schema 1 only, which is no longer in use: push it again")
        }
        if accepted.contains(type) { return type }
        if document.value["manifests"] != nil { return ociIndex }
        if document.value["layers"] != nil { return ociManifest }
        throw .refused("media type \(quoted(type)) is no image's manifest")
    }

    /// - Throws: `.refused` for a chart, a signature or another thing that registries keep beside images, and for encrypted layers.
    static func check(_ manifest: ImageManifest) throws(ImageError) {
        let config = manifest.config.mediaType
        let images = [
            "application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json", "application/octet-stream", "",
        ]
        guard images.contains(config) else { throw .refused("it is no image: its config has the media type \(quoted(config))") }
        for layer in manifest.layers where layer.mediaType.hasSuffix("+encrypted") {
            throw .refused("layer \(layer.digest) is encrypted (\(layer.mediaType)), which is not supported")
        }
    }
}
