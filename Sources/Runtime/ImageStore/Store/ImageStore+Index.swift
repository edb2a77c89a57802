import Glibc
import LinuxSystem

/// What is kept in memory of `images.json`, as long as the file is the same.
struct IndexCache {
    /// Which version of the file was read: every version is a new file, and changes its times.
    struct FileVersion: Equatable {
        var inode: UInt64
        var modified: FileTime
        var changed: FileTime
        var sizeBytes: Int64
    }

    var version: FileVersion?
    var index = StoreIndex()
    /// Whole images; configs never change, so these live until the index does.
    var images: [Digest: Image] = [:]
    /// The image of each full name with a tag.
    var byReference: [String: Digest] = [:]
}

extension ImageStore {
    /// Runs `body` on the current index, which is read only when another process or this one has replaced it.
    func withIndex<Result>(_ body: (inout IndexCache) throws(ImageError) -> Result) throws(ImageError) -> Result {
        try cache.withLock { (cache) throws(ImageError) in
            try refresh(&cache)
            return try body(&cache)
        }
    }

    private func refresh(_ cache: inout IndexCache) throws(ImageError) {
        let version: IndexCache.FileVersion?
        do {
            version = try directory.statusIfExists("images.json").map {
                .init(inode: $0.inode, modified: $0.modified, changed: $0.changed, sizeBytes: $0.size)
            }
        } catch { throw .failed("read images.json", error) }
        guard version != cache.version else { return }
        cache = IndexCache()
        guard version != nil else { return }
        cache.index = try readIndex()
        for record in cache.index.records {
            for reference in record.references { cache.byReference[reference] = record.id }
        }
        cache.version = version
    }

    /// A damaged index is named and set aside; layers and containers' snapshots stay usable.
    private func readIndex() throws(ImageError) -> StoreIndex {
        let bytes: [UInt8]?
        do { bytes = try directory.contents(of: "images.json", limit: 64 << 20) } catch {
            if error == .noSuchFile { return StoreIndex() }
            throw .failed("read images.json", error)
        }
        do { return try StoreIndex(parsing: bytes ?? []) } catch {
            do {
                try directory.rename("images.json", to: directory, as: "quarantine/images.json")
                report("images.json is corrupted (\(error)); it was moved to quarantine/images.json")
            } catch let errno { throw .failed("images.json is corrupted (\(error)); move it to quarantine", errno) }
            return StoreIndex()
        }
    }

    /// Changes the index. Call it with the store's lock held exclusively.
    func updateIndex(_ change: (inout StoreIndex) throws(ImageError) -> Void) throws(ImageError) {
        let old = try withIndex { (cache) throws(ImageError) in cache.index }
        var new = old
        try change(&new)
        guard new != old else { return }
        // Not under the mutex: readers need not wait for the disk. The next of them sees that the file is another.
        do { try directory.writeAtomically(new.serialized, to: "images.json") } catch {
            throw .failed("write images.json", error)
        }
    }

    /// Gives an image one more name, which is taken from any other image.
    func addReference(_ reference: ImageReference, to id: Digest) throws(ImageError) {
        try locked(.exclusive) { () throws(ImageError) in
            try updateIndex { (index) throws(ImageError) in
                guard var record = index.records.first(where: { $0.id == id }) else { throw .missing(id.description) }
                (record.references, record.origin) = ([reference.description], .registry)
                index.insert(record)
            }
        }
    }

    /// The image of a record; nil when its config is damaged, which has been reported then.
    func image(of record: StoreIndex.Record, _ cache: inout IndexCache) throws(ImageError) -> Image? {
        if let image = cache.images[record.id] { return image }
        do {
            let image = try Image(record, config: config(record.id))
            cache.images[record.id] = image
            return image
        } catch {
            guard error.code == .corrupted || error.code == .notFound else { throw error }
            return nil
        }
    }

    private func config(_ id: Digest) throws(ImageError) -> ImageConfig {
        try ImageConfig(parsing: content.contents(of: id, limit: max(limits.metadataBytes, 4 << 20)))
    }
}

extension Image {
    init(_ record: StoreIndex.Record, config: ImageConfig) throws(ImageError) {
        guard record.layers.count == config.diffIDs.count else {
            throw ImageError(
                .corrupted,
                "images.json: image \(record.id) has \(record.layers.count) layers, its config \(config.diffIDs.count)")
        }
        var references: [ImageReference] = []
        for name in record.references.sorted() { references.append(try ImageReference(name)) }
        var repoDigests: [ImageReference] = []
        for name in record.repoDigests.sorted() { repoDigests.append(try ImageReference(name)) }
        let chainIDs = config.chainIDs
        self.init(
            id: record.id, references: references, repoDigests: repoDigests, manifest: record.manifest,
            sizeBytes: record.sizeBytes, config: config,
            origin: record.origin,
            layers: record.layers.indices.map { index in
                Layer(
                    blob: record.layers[index].digest, blobBytes: record.layers[index].sizeBytes,
                    diffID: config.diffIDs[index], chainID: chainIDs[index])
            })
    }
}
