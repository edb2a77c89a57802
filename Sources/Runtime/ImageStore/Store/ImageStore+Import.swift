import Glibc
import LinuxSystem

extension ImageStore {
    /// Imports the images that a path holds: docker-archive, oci-archive, OCI layout directory, root file system as a
    /// directory or a tar; archives may be compressed. Which of them it is, is found out by itself.
    ///
    /// Nothing is published before everything has been checked and unpacked.
    ///
    /// - Parameter reference: The image's name in place of that which the source gives; only for a source of one image.
    /// - Throws: `.refused` when the content is malicious, malformed or over a limit.
    @discardableResult
    package func importImage(
        from path: String, as reference: ImageReference? = nil, progress: ImportObserver = { _ in }
    ) throws(ImageError) -> [Image] {
        try within("import \(path)") { () throws(ImageError) in
            try withoutActuallyEscaping(progress) { (progress) throws(ImageError) in
                try withUTF8Locale { () throws(ImageError) in
                    try ImageImport(store: self, progress: progress).run(path, reference)
                }
            }
        }
    }
}

/// One run of an import.
private struct ImageImport {
    let store: ImageStore
    let progress: ImportObserver

    func run(_ path: String, _ reference: ImageReference?) throws(ImageError) -> [Image] {
        tell(.detecting, 0, nil)
        let kind = try ImageSourceKind.detect(path: path)
        let staging = try Staging(root: store.directory)
        var collected = try within(kind.rawValue) { () throws(ImageError) in try collect(kind, path, into: staging) }
        try name(&collected, reference, path)
        let layers = LayerImport(store: store, staging: staging, progress: progress)
        repeat {
            for image in collected { try layers.unpackMissing(of: image) }
            tell(.finishing, 0, nil)
            try sync(staging)
        } while try !publish(collected, staging, layers)
        return try images(collected)
    }

    private func tell(_ phase: ImportProgress.Phase, _ completed: Int64, _ total: Int64?) {
        progress(ImportProgress(phase: phase, completedBytes: completed, totalBytes: total))
    }

    private func collect(_ kind: ImageSourceKind, _ path: String, into staging: Staging) throws(ImageError) -> [CollectedImage] {
        let reading = { (done: Int64, total: Int64?) in tell(.reading, done, total) }
        let note = { (text: String) in tell(.note(text), 0, nil) }
        return switch kind {
        case .dockerArchive:
            try DockerSource.collect(archive: path, into: staging, limits: store.limits, progress: reading)
        case .ociArchive: try OCISource.collect(archive: path, into: staging, limits: store.limits, progress: reading)
        case .ociLayout: try OCISource.collect(directory: path, into: staging, limits: store.limits, progress: reading)
        case .rootfsDirectory: try RootfsSource.collect(directory: path, into: staging, limits: store.limits, note: note)
        case .rootfsArchive:
            try RootfsSource.collect(archive: path, into: staging, limits: store.limits, progress: reading)
        }
    }

    private func name(_ images: inout [CollectedImage], _ reference: ImageReference?, _ path: String) throws(ImageError) {
        guard let reference else {
            if images.contains(where: \.names.isEmpty) {
                tell(.note("an image of \(path) has no name; it can be found by its ID, or be imported again with one"), 0, nil)
            }
            return
        }
        guard images.count == 1 else {
            throw .invalid("it holds \(images.count) images, which cannot all be called \(reference.familiar)")
        }
        images[0].names = [reference]
    }
}

// MARK: Publishing

extension ImageImport {
    /// One sync of the file system is far cheaper than one per file.
    private func sync(_ staging: Staging) throws(ImageError) {
        do { try staging.directory.fd.syncFileSystem() } catch { throw .failed("write the image to disk", error) }
    }

    /// Moves everything into the store and the names into the index.
    ///
    /// - Returns: false when a layer that was there when the unpacking began has been removed meanwhile.
    private func publish(
        _ images: [CollectedImage], _ staging: Staging, _ layers: LayerImport
    ) throws(ImageError) -> Bool {
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
            for image in images { records.append(try record(image, staging)) }
            try store.updateIndex { (index) throws(ImageError) in records.forEach { index.insert($0) } }
            return true
        }
    }

    private func record(_ image: CollectedImage, _ staging: Staging) throws(ImageError) -> StoreIndex.Record {
        var size = staging.blobs[image.configDigest] ?? 0
        for chainID in image.config.chainIDs { size += try store.layers.record(chainID).unpackedBytes }
        let pinned = image.manifest.map { manifest in image.names.map { $0.pinned(to: manifest).description } }
        return StoreIndex.Record(
            id: image.configDigest, manifest: image.manifest, sizeBytes: size,
            layers: image.layers.map { .init(digest: $0, sizeBytes: staging.blobs[$0] ?? 0) },
            references: image.names.filter { $0.tag != nil }
                .map { ImageReference(domain: $0.domain, path: $0.path, tag: $0.tag, digest: nil).description }.sorted(),
            repoDigests: Set(pinned ?? []).sorted())
    }

    private func images(_ collected: [CollectedImage]) throws(ImageError) -> [Image] {
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
