import LinuxSystem

/// Moves what a staging directory holds into the store, all of it or nothing.
struct Publication {
    let store: ImageStore
    let staging: Staging

    /// One sync of the file system is far cheaper than one per file.
    func sync() throws(ImageError) {
        do { try staging.directory.fd.syncFileSystem() } catch { throw .failed("write the image to disk", error) }
    }

    /// Moves everything into the store and the names into the index.
    ///
    /// - Returns: false when a layer that was there when the unpacking began has been removed meanwhile.
    func publish(_ images: [CollectedImage], _ layers: LayerImport) throws(ImageError) -> Bool {
        try store.locked(.exclusive) { () throws(ImageError) in
            for chainID in images.flatMap(\.config.chainIDs) where layers.staged[chainID] == nil {
                guard try store.layers.contains(chainID) else { return false }
            }
            for (chainID, layer) in layers.staged {
                try store.layers.publish(layer.directory, from: staging.directory, as: chainID)
            }
            let blobs = Set(images.flatMap { $0.layers + [$0.configDigest] + [$0.manifest].compactMap { $0 } })
            for blob in blobs { try store.content.publish(Staging.fileName(blob), from: staging.directory, as: blob) }
            try store.layers.sync()
            try store.content.sync()
            var records: [StoreIndex.Record] = []
            for image in images { records.append(try record(image)) }
            try store.updateIndex { (index) throws(ImageError) in records.forEach { index.insert($0) } }
            return true
        }
    }

    private func record(_ image: CollectedImage) throws(ImageError) -> StoreIndex.Record {
        var size = staging.blobs[image.configDigest] ?? 0
        for chainID in image.config.chainIDs { size += try store.layers.record(chainID).unpackedBytes }
        let pinned = (image.resolved ?? image.manifest).map { manifest in image.names.map { $0.pinned(to: manifest).description } }
        return StoreIndex.Record(
            id: image.configDigest, manifest: image.manifest, sizeBytes: size,
            layers: image.layers.map { .init(digest: $0, sizeBytes: staging.blobs[$0] ?? 0) },
            references: image.names.filter { $0.tag != nil }
                .map { ImageReference(domain: $0.domain, path: $0.path, tag: $0.tag, digest: nil).description }.sorted(),
            repoDigests: Set(pinned ?? []).sorted(), origin: image.resolved == nil ? .archive : .registry)
    }

    func images(_ collected: [CollectedImage]) throws(ImageError) -> [Image] {
        var images: [Image] = []
        for image in collected {
            guard let stored = try store.image(image.configDigest.description) else {
                throw .notFound("image \(image.configDigest) was removed right after it was imported")
            }
            images.append(stored)
        }
        return images
    }
}
