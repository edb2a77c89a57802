import Glibc
import LinuxSystem

/// What a removal did.
package struct RemovalReport: Sendable, Hashable {
    /// Full names that no longer stand for an image, sorted.
    package var untagged: [String] = []
    /// IDs of images that are gone.
    package var deleted: [Digest] = []
    /// Bytes of blobs and layers that were deleted.
    package var freedBytes: Int64 = 0
}

extension ImageStore {
    /// Removes a name, and the image when that was its last; or, given an ID, the image with all its names.
    ///
    /// - Parameter force: Removes an image by ID even when it has several names, and even when a container uses it, whose
    ///   layers then stay until the container's snapshot goes.
    /// - Throws: `.notFound`; `.inUse` when it would need `force`.
    @discardableResult
    package func remove(_ nameOrID: String, force: Bool = false) throws(ImageError) -> RemovalReport {
        var result = RemovalReport()
        try locked(.exclusive) { () throws(ImageError) in
            let record = try withIndex { (cache) throws(ImageError) in try Self.record(nameOrID, cache) }
            guard let record else { throw .missing(nameOrID) }
            let name = Self.name(nameOrID, of: record)
            if let name, record.references.count > 1 {
                result.untagged = [name]
            } else {
                guard force || name != nil || record.references.count < 2 else {
                    throw ImageError(
                        .inUse,
                        "image \(quoted(nameOrID)) has several names and needs force: "
                            + record.references.joined(separator: ", "))
                }
                try refuseUse(of: record.id, nameOrID, force)
                result.untagged = record.references
                result.deleted = [record.id]
            }
            try updateIndex { (index) throws(ImageError) in
                if result.deleted.isEmpty {
                    for position in index.records.indices {
                        index.records[position].references.removeAll { result.untagged.contains($0) }
                    }
                } else {
                    index.records.removeAll { $0.id == record.id }
                }
            }
            if !result.deleted.isEmpty { result.freedBytes = try sweep() }
        }
        try emptyTrash()
        return result
    }

    /// Removes the images that nobody needs, and content that belongs to no image.
    ///
    /// - Parameter inUse: IDs or names of images to keep beside those that containers' snapshots use.
    @discardableResult
    package func garbageCollect(inUse: Set<String>) throws(ImageError) -> RemovalReport {
        var result = RemovalReport()
        try locked(.exclusive) { () throws(ImageError) in
            var keep = Set(try snapshots().map(\.image))
            try withIndex { (cache) throws(ImageError) in
                for name in inUse { if let record = try Self.record(name, cache) { keep.insert(record.id) } }
            }
            try updateIndex { (index) throws(ImageError) in
                for record in index.records where !keep.contains(record.id) {
                    result.untagged += record.references
                    result.deleted.append(record.id)
                }
                index.records.removeAll { !keep.contains($0.id) }
            }
            result.freedBytes = try sweep()
        }
        try emptyTrash()
        return result
    }

    /// The full name that the text stands for, nil when it is an ID.
    private static func name(_ text: String, of record: StoreIndex.Record) -> String? {
        guard let full = try? ImageReference(text), full.digest == nil else { return nil }
        return record.references.first { $0 == full.description }
    }

    private func refuseUse(of id: Digest, _ name: String, _ force: Bool) throws(ImageError) {
        guard !force, let user = try snapshots().first(where: { $0.image == id }) else { return }
        throw ImageError(.inUse, "image \(quoted(name)) is in use by container \(user.id)")
    }

    /// Takes every blob and layer out of the store that neither an image nor a snapshot needs. The lock is held.
    private func sweep() throws(ImageError) -> Int64 {
        var blobs: Set<Digest> = []
        var chains: Set<Digest> = []
        try withIndex { (cache) throws(ImageError) in
            for record in cache.index.records {
                blobs.formUnion(record.layers.map(\.digest) + [record.id] + [record.manifest].compactMap { $0 })
                if let image = try image(of: record, &cache) { chains.formUnion(image.layers.map(\.chainID)) }
            }
        }
        for snapshot in try snapshots() {
            var chain = snapshot.topLayer
            while let current = chain, chains.insert(current).inserted { chain = try layers.record(current).parent }
        }
        var freed: Int64 = 0
        for blob in try content.digests() where !blobs.contains(blob) { freed += try content.remove(blob) }
        for chainID in try layers.chainIDs() where !chains.contains(chainID) {
            freed += (try? layers.record(chainID).unpackedBytes) ?? 0
            try layers.discard(chainID, into: openTrash(), as: Self.trashName())
        }
        return freed
    }
}

// MARK: The trash

extension ImageStore {
    static func trashName() -> RawPath { RawPath("\(UInt64.random(in: .min ... .max))") }

    func openTrash() throws(ImageError) -> Directory {
        do { return try directory.directory(named: "trash") } catch { throw .failed("open trash", error) }
    }

    /// Deletes what has been taken out of the store.
    func emptyTrash() throws(ImageError) {
        let trash = try openTrash()
        do { for name in try trash.names() { try trash.removeTree(name) } } catch {
            throw .failed("empty \(root)/trash", error)
        }
    }
}
