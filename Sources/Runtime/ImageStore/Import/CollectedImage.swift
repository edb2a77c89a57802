import LinuxSystem

/// An image whose content lies in the staging directory: what every kind of source comes down to.
struct CollectedImage {
    var configDigest: Digest
    var config: ImageConfig
    /// Absent for sources that have no manifest.
    var manifest: Digest?
    /// The blobs of the layers, bottom first, as many as `config.diffIDs`.
    var layers: [Digest]
    /// The name the source gives it.
    var names: [ImageReference]
    /// What a registry calls it: `manifest`, or the index that leads to the manifests of several platforms. nil: from no registry.
    var resolved: Digest?

    init(
        configDigest: Digest, manifest: Digest?, layers: [Digest], names: [ImageReference],
        platform wanted: Platform = .host, in staging: Staging, limits: ImageLimits
    ) throws(ImageError) {
        let bytes = try staging.contents(of: configDigest, limit: limits.metadataBytes)
        let config = try within("image config \(configDigest)") { () throws(ImageError) in try ImageConfig(parsing: bytes) }
        guard config.diffIDs.count == layers.count else {
            throw .refused("the config has \(config.diffIDs.count) diff IDs, the manifest \(layers.count) layers")
        }
        guard layers.count <= limits.layers else {
            throw .refused("the image has \(layers.count) layers, more than \(limits.layers), the limit")
        }
        let platform = Platform(os: config.os, architecture: config.architecture, variant: config.variant)
        guard config.os.isEmpty || platform.os == wanted.os,
            config.architecture.isEmpty || platform.architecture == wanted.architecture
        else {
            throw .refused("the image is for \(platform), " + (wanted == .host ? "this machine is \(wanted)" : "not for \(wanted)"))
        }
        (self.configDigest, self.config, self.manifest, self.layers, self.names) =
            (configDigest, config, manifest, layers, names)
    }
}
