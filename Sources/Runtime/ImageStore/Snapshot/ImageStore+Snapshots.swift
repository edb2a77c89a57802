import Glibc
import LinuxSystem

extension ImageStore {
    /// Makes a container's writable layer over an image, or finds the one made before.
    ///
    /// - Parameter id: The container's ID: letters, digits, `.`, `_` and `-`.
    /// - Throws: `.notFound` when the image is gone; `.invalid` when the ID has a snapshot of another image.
    package func prepareSnapshot(id: String, image: Image) throws(ImageError) -> Snapshot {
        try Self.checkSnapshotID(id)
        return try within("prepare snapshot \(id)") { () throws(ImageError) in
            try locked(.shared) { () throws(ImageError) in
                // Under the lock nobody can remove the image between this look and the record.
                try withIndex { (cache) throws(ImageError) in
                    guard cache.index.records.contains(where: { $0.id == image.id }) else {
                        throw .notFound("image \(image.id) is not in the image store")
                    }
                }
                do { try makeSnapshot(id, image) } catch let error as ImageError { throw error } catch {
                    throw ImageError(.failed, "make \(root)/snapshots/\(id)", cause: error)
                }
            }
            return snapshot(id: id, image: image)
        }
    }

    /// Removes a snapshot and everything in it; it is no error when there is none.
    ///
    /// It is out of the store at once; a crash while its files are being deleted leaves them to the next start.
    package func removeSnapshot(id: String) throws(ImageError) {
        try Self.checkSnapshotID(id)
        let trash = try openTrash()
        let name = Self.trashName()
        do {
            try snapshotDirectory.rename(RawPath(id), to: trash, as: name)
            try trash.removeTree(name)
        } catch {
            if error != .noSuchFile { throw .failed("remove snapshot \(id)", error) }
        }
    }

    /// The snapshots there are, sorted by ID.
    package func snapshots() throws(ImageError) -> [SnapshotRecord] {
        do {
            var records: [SnapshotRecord] = []
            for name in try snapshotDirectory.names() {
                if let record = try record(of: name) { records.append(record) }
            }
            return records.sorted { $0.id < $1.id }
        } catch { throw .failed("list snapshots", error) }
    }

    func snapshot(id: String, image: Image) -> Snapshot {
        let names = image.layers.reversed().map { "\($0.chainID.hex)/fs" }
        return Snapshot(
            id: id, image: image.id, layersPath: layers.path, layerNames: names.isEmpty ? [LayerStore.emptyName] : names,
            snapshotPath: "\(root)/snapshots/\(id)")
    }
}

// MARK: On disk

extension ImageStore {
    private static func checkSnapshotID(_ id: String) throws(ImageError) {
        let isAllowed = { (byte: UInt8) in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
        }
        guard !id.isEmpty, id.utf8.count <= 200, id.utf8.allSatisfy(isAllowed), !id.hasPrefix(".") else {
            throw .invalid("snapshot ID \(quoted(id)): letters, digits, '.', '_' and '-' only, not starting with '.'")
        }
    }

    /// nil for a snapshot that is being made or has been removed right now.
    private func record(of name: RawPath) throws(Errno) -> SnapshotRecord? {
        do { return try SnapshotRecord(id: name.description, in: snapshotDirectory.directory(named: name)) } catch {
            if error == .noSuchFile { return nil }
            throw error
        }
    }

    /// The record comes first: a snapshot without one uses nothing.
    private func makeSnapshot(_ id: String, _ image: Image) throws {
        let record = SnapshotRecord(id: id, image: image.id, topLayer: image.layers.last?.chainID)
        do { try snapshotDirectory.makeDirectory(RawPath(id), mode: 0o711) } catch {
            guard error == .exists else { throw error }
            return try reuse(record, image)
        }
        let snapshot = try snapshotDirectory.directory(named: RawPath(id))
        try snapshot.setExtendedAttribute(SnapshotRecord.attribute, record.attributeValue, of: nil)
        try makeUpper(in: snapshot, image)
        try snapshot.makeDirectory("work", mode: 0o700)
    }

    /// Makes a snapshot ready for another mount, and completes one that a crash left half made.
    private func reuse(_ record: SnapshotRecord, _ image: Image) throws {
        let snapshot = try snapshotDirectory.directory(named: RawPath(record.id))
        if let old = try SnapshotRecord(id: record.id, in: snapshot) {
            guard old == record else { throw ImageError.invalid("it is a snapshot of another image") }
        } else {
            try snapshot.setExtendedAttribute(SnapshotRecord.attribute, record.attributeValue, of: nil)
        }
        if try snapshot.statusIfExists("upper") == nil { try makeUpper(in: snapshot, image) }
        let work = try snapshot.makeOrOpenDirectory("work", mode: 0o700)
        // Left by a volatile mount that was not unmounted cleanly; overlayfs refuses to mount with it (overlayfs.rst).
        if try work.statusIfExists("work") != nil { try work.directory(named: "work").removeTree("incompat") }
    }

    /// The upper layer's root is the container's `/`, so it looks like the image's.
    private func makeUpper(in snapshot: borrowing Directory, _ image: Image) throws {
        try snapshot.makeDirectory("upper")
        guard let top = image.layers.last else { return }
        let model = try layers.files(top.chainID).directory.status(".")
        if model.userID != 0 || model.groupID != 0 {
            try snapshot.setOwner(of: "upper", user: model.userID, group: model.groupID)
        }
        try snapshot.setMode(of: "upper", model.permissions)
    }
}

extension SnapshotRecord {
    /// The attribute of a snapshot's directory that holds the record. Setting it costs a twentieth of making a file, and
    /// what an overlay can be mounted on has trusted attributes.
    fileprivate static let attribute = "trusted.swiftlet.image"

    /// The image's digest and the topmost layer's, 32 bytes each; the second is left out when there is no layer.
    fileprivate var attributeValue: [UInt8] { image.bytes + (topLayer?.bytes ?? []) }

    /// - Returns: nil for a directory without a record.
    fileprivate init?(id: String, in directory: borrowing Directory) throws(Errno) {
        guard let value = try directory.extendedAttribute(Self.attribute, maxBytes: 64),
            value.count == 32 || value.count == 64
        else { return nil }
        self.init(
            id: id, image: Digest(bytes: value[..<32]), topLayer: value.count == 64 ? Digest(bytes: value[32...]) : nil)
    }
}
