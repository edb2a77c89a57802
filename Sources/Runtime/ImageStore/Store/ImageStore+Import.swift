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
        let publication = Publication(store: store, staging: staging)
        repeat {
            for image in collected { try layers.unpackMissing(of: image) }
            tell(.finishing, 0, nil)
            try publication.sync()
        } while try !publication.publish(collected, layers)
        return try publication.images(collected)
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
