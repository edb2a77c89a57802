/// An image in the store.
package struct Image: Sendable, Hashable {
    /// The config's digest.
    package let id: Digest
    /// Full names with tags, sorted.
    package let references: [ImageReference]
    /// Full names with the manifest's digest, sorted; none for an image that came without a manifest.
    package let repoDigests: [ImageReference]
    /// The manifest's digest, for an image that has one.
    package let manifest: Digest?
    /// Bytes of the files of all layers, and of the config.
    package let sizeBytes: Int64
    package let config: ImageConfig
    package let origin: Origin
    /// Bottom first.
    package let layers: [Layer]

    package enum Origin: String, Sendable, Hashable {
        /// From this machine: an archive, a layout, a directory.
        case archive
        case registry
    }

    package struct Layer: Sendable, Hashable {
        /// The blob as it came, compressed or not.
        package let blob: Digest
        package let blobBytes: Int64
        /// The tar stream's digest.
        package let diffID: Digest
        /// Names the layer with everything below it.
        package let chainID: Digest
    }
}
