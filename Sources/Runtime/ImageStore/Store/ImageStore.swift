import LinuxSystem
import Synchronization

/// Images and containers' file systems beneath one directory:
///
///     ROOT/images.json         which images there are and how they are called
///     ROOT/blobs/sha256/HEX    manifests, configs and layers as they came
///     ROOT/layers/HEX/fs       unpacked layers by chain ID, as overlayfs stacks them
///     ROOT/snapshots/ID        a container's upper and work directory
///     ROOT/downloads           blobs on their way from a registry, which a later pull goes on with
///     ROOT/ingest, ROOT/trash  what is on its way in or out; a start removes what a crash left there
///     ROOT/quarantine          damaged content
///
/// Several processes may use one store at once: content appears and disappears by one rename, and whoever publishes or
/// removes holds `ROOT/lock` (flock(2)) meanwhile; unpacking and deleting happen outside the lock.
///
/// Calls block on the disk; they belong on a thread that may.
package final class ImageStore: Sendable {
    /// An absolute path.
    package let root: String
    package let limits: ImageLimits
    let report: @Sendable (String) -> Void
    let directory: Directory
    let snapshotDirectory: Directory
    let content: ContentStore
    let layers: LayerStore
    let cache = Mutex(IndexCache())

    /// Opens the store, made if it is not there, and removes what a crash has left in it.
    ///
    /// - Parameters:
    ///   - root: An absolute path on a file system that can be an overlay's lower and upper layer.
    ///   - report: Told in one line each time that something was found damaged and was set aside.
    package init(
        root: String, limits: ImageLimits = ImageLimits(), report: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(ImageError) {
        guard root.hasPrefix("/"), !root.utf8.contains(0) else {
            throw .invalid("open image store \(quoted(root)): the path is not absolute")
        }
        self.root = root
        self.limits = limits
        self.report = report
        do {
            try Self.makePath(root)
            let directory = try Directory(path: root)
            content = try ContentStore(root: directory, report: report)
            layers = try LayerStore(root: directory, rootPath: root)
            for name: RawPath in ["trash", "ingest"] { _ = try directory.makeOrOpenDirectory(name, mode: 0o700) }
            // 0711: a container's process in a user namespace of its own has to pass through.
            snapshotDirectory = try directory.makeOrOpenDirectory("snapshots", mode: 0o711)
            self.directory = directory
        } catch { throw .failed("open image store \(root)", error) }
        try repair()
    }

    private func repair() throws(ImageError) {
        do {
            let lock = try FileLock("lock", in: directory, mode: .exclusive)
            try Staging.removeDead(root: directory)
            try BlobDownloads.removeOld(in: directory)
            for name in try directory.names() where name.bytes.starts(with: Array(".tmp-".utf8)) {
                try directory.unlink(name)
            }
            lock.unlock()
        } catch { throw .failed("repair image store \(root)", error) }
        try emptyTrash()
    }

    private static func makePath(_ path: String) throws(Errno) {
        var current = try Directory(path: "/")
        for name in path.split(separator: "/") {
            do { current = try current.directory(beneath: RawPath(name)) } catch {
                // Somebody else's symlink to elsewhere is the administrator's decision.
                if error == .crossDevice || error == .tooManyLinks { return }
                guard error == .noSuchFile else { throw error }
                current = try current.makeOrOpenDirectory(RawPath(name), mode: 0o755)
            }
        }
    }

    /// Holds the store's lock while `body` runs.
    func locked<Result>(
        _ mode: FileLock.Mode, _ body: () throws(ImageError) -> Result
    ) throws(ImageError) -> Result {
        let lock: FileLock
        do { lock = try FileLock("lock", in: directory, mode: mode) } catch {
            throw .failed("lock image store \(root)", error)
        }
        let result = try body()
        lock.unlock()
        return result
    }
}

// MARK: Finding images

extension ImageStore {
    /// All images, sorted by ID. One whose config is damaged is reported and left out.
    package func images() throws(ImageError) -> [Image] {
        try withIndex { (cache) throws(ImageError) in
            var images: [Image] = []
            for record in cache.index.records {
                if let image = try image(of: record, &cache) { images.append(image) }
            }
            return images
        }
    }

    /// Finds an image by a name, a digest or the first digits (four or more) of its ID.
    ///
    /// - Returns: nil when there is none.
    /// - Throws: `.ambiguous` when several IDs start with the digits; `.invalid` when the text can be no name.
    package func image(_ nameOrID: String) throws(ImageError) -> Image? {
        try withIndex { (cache) throws(ImageError) in
            guard let record = try Self.record(nameOrID, cache) else { return nil }
            return try image(of: record, &cache)
        }
    }

    static func record(_ nameOrID: String, _ cache: borrowing IndexCache) throws(ImageError) -> StoreIndex.Record? {
        let records = cache.index.records
        if let id = cache.byReference[nameOrID] { return records.first { $0.id == id } }
        if let id = (try? Digest(nameOrID)) ?? (try? Digest(hex: nameOrID)) { return records.first { $0.id == id } }
        let prefix = nameOrID.hasPrefix("sha256:") ? nameOrID.dropFirst("sha256:".count) : Substring(nameOrID)
        let isPrefix = prefix.utf8.count >= 4 && prefix.utf8.allSatisfy(isLowerHex)
        do {
            if let found = Self.record(of: try ImageReference(nameOrID), cache) { return found }
        } catch { if !isPrefix { throw error } }
        guard isPrefix else { return nil }
        let candidates = records.filter { $0.id.hex.hasPrefix(prefix) }
        guard candidates.count < 2 else {
            throw ImageError(.ambiguous, "image ID \(quoted(nameOrID)) is ambiguous: \(candidates.count) images have it")
        }
        return candidates.first
    }

    private static func record(of reference: ImageReference, _ cache: borrowing IndexCache) -> StoreIndex.Record? {
        let records = cache.index.records
        if let digest = reference.digest {
            let pinned = reference.pinned(to: digest).description
            return records.first { $0.repoDigests.contains(pinned) }
        }
        guard let id = cache.byReference[reference.description] else { return nil }
        return records.first { $0.id == id }
    }
}
