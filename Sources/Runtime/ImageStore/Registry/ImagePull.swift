import LinuxSystem

/// One pull. Runs on threads that may block.
struct ImagePull: Sendable {
    let client: RegistryClient
    let reference: ImageReference
    /// nil: this machine's.
    let platform: Platform?
    let sessions: [RegistrySession]
    let progress: PullProgress

    private var store: ImageStore { client.store }

    func run() async throws(ImageError) -> (image: Image, isNew: Bool) {
        progress.tell(.resolving)
        let resolution = ImageResolution(sessions: sessions, limits: store.limits)
        let found = try await resolution.resolve(reference)
        if platform == nil, let image = try present(found.digest) { return (image, false) }
        let (digest, bytes, manifest) = try await resolution.manifest(found, for: platform ?? .host)
        try checkLimits(manifest)
        let staging = try Staging(root: store.directory)
        _ = try staging.add(bytes)
        if try !stageKept(manifest.config, in: staging) { _ = try staging.add(try await resolution.config(manifest.config, found)) }
        var image = try CollectedImage(
            configDigest: manifest.config.digest, manifest: digest, layers: manifest.layers.map(\.digest), names: [reference],
            platform: platform ?? .host, in: staging, limits: store.limits)
        // The index stands for this machine's platform only.
        image.resolved = platform == nil ? found.digest : digest
        let layers = LayerImport(store: store, staging: staging) { [progress] in progress.tell($0.phase, $0.completedBytes, $0.totalBytes) }
        try await fetchAndUnpack(manifest, image, found, staging, layers)
        let publication = Publication(store: store, staging: staging)
        repeat {
            for number in image.layers.indices { try unpack(number, image, layers) }
            progress.tell(.finishing)
            try publication.sync()
        } while try !publication.publish([image], layers)
        for layer in manifest.layers { client.downloads.discard(layer.digest) }
        guard let stored = try publication.images([image]).first else { throw .missing(reference.familiar) }
        return (stored, true)
    }

    /// What is there already under this digest, called by this name from now on.
    private func present(_ digest: Digest) throws(ImageError) -> Image? {
        guard let image = try store.image(reference.pinned(to: digest).description) else { return nil }
        guard let tag = reference.tag else { return image }
        let name = ImageReference(domain: reference.domain, path: reference.path, tag: tag, digest: nil)
        if !image.references.contains(name) { try store.addReference(name, to: image.id) }
        return try store.image(image.id.description)
    }

    private func checkLimits(_ manifest: ImageManifest) throws(ImageError) {
        var sum: Int64 = 0
        for layer in manifest.layers {
            let (next, overflow) = sum.addingReportingOverflow(layer.sizeBytes)
            guard !overflow, next <= store.limits.unpackedBytes else {
                throw .refused("the layers have more than \(store.limits.unpackedBytes) bytes, the limit")
            }
            sum = next
        }
    }

    // MARK: Layers

    /// Fetches layers side by side, and unpacks each as soon as it and those below it are there.
    private func fetchAndUnpack(
        _ manifest: ImageManifest, _ image: CollectedImage, _ found: ImageResolution.Found, _ staging: Staging, _ layers: LayerImport
    ) async throws(ImageError) {
        // A layer may stand in an image several times.
        var missing: [Digest: Descriptor] = [:]
        for layer in manifest.layers where missing[layer.digest] == nil {
            if try !stageKept(layer, in: staging) { missing[layer.digest] = layer }
        }
        progress.begin(totalBytes: missing.values.reduce(0) { $0 + $1.sizeBytes })
        do {
            try await withThrowingTaskGroup(of: Descriptor.self) { group in
                for layer in missing.values { group.addTask { try await fetch(layer, found) } }
                var next = try await unpackArrived(from: 0, image, staging, layers)
                while let layer = try await group.next() {
                    if try stageFetched(layer, in: staging) || stageKept(layer, in: staging) {
                        next = try await unpackArrived(from: next, image, staging, layers)
                    } else {
                        // Another pull has had it and has been removed since.
                        group.addTask { try await fetch(layer, found) }
                    }
                }
            }
        } catch let error as ImageError { throw error } catch { throw .cancelled }
    }

    private func fetch(_ layer: Descriptor, _ found: ImageResolution.Found) async throws(ImageError) -> Descriptor {
        // Another pull may have brought it in since this one looked.
        if try store.content.size(of: layer.digest) == layer.sizeBytes { return layer }
        try await client.downloads.fetch(layer, from: found.sessions) { [progress] in progress.layer(layer.digest, $0) }
        return layer
    }

    /// Unpacks layers in order as long as they are there.
    ///
    /// - Returns: The number of the first that is not.
    private func unpackArrived(
        from first: Int, _ image: CollectedImage, _ staging: Staging, _ layers: LayerImport
    ) async throws(ImageError) -> Int {
        var next = first
        while next < image.layers.count, staging.blobs[image.layers[next]] != nil {
            try await client.unpacking.run { () async throws(ImageError) in try unpack(next, image, layers) }
            next += 1
        }
        return next
    }

    private func unpack(_ number: Int, _ image: CollectedImage, _ layers: LayerImport) throws(ImageError) {
        if Task.isCancelled { throw .cancelled }
        try withUTF8Locale { () throws(ImageError) in try layers.unpackMissing(number, of: image) }
    }

    /// A blob that the store has already needs no network.
    private func stageKept(_ blob: Descriptor, in staging: Staging) throws(ImageError) -> Bool {
        guard try store.content.size(of: blob.digest) == blob.sizeBytes else { return false }
        return try staging.adopt(blob.digest, size: blob.sizeBytes) { (directory, name) throws(Errno) in
            try store.content.link(blob.digest, into: directory, as: name)
        }
    }

    private func stageFetched(_ blob: Descriptor, in staging: Staging) throws(ImageError) -> Bool {
        try staging.adopt(blob.digest, size: blob.sizeBytes) { (directory, name) throws(Errno) in
            try directory.link(name, to: BlobDownloads.fileName(blob.digest), in: client.downloads.directory)
        }
    }
}
