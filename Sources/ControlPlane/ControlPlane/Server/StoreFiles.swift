internal import Glibc
internal import Storage
internal import StorageSQLite

/// The store of a data directory as files: to look at, to save, to put back.
package struct StoreFiles: Sendable {
    package struct Restored: Sendable {
        package var snapshotRevision: Int64
        /// What the store goes on from: far beyond what any client has seen.
        package var revision: Int64
        package var keyCount: Int
        /// Where the store that was there is now; nil when there was none.
        package var setAside: String?
    }

    private let dataDirectory: String
    private var directory: String { "\(dataDirectory)/store" }

    package init(dataDirectory: String) { self.dataDirectory = dataDirectory }

    /// For the store of a server; one in memory has no files.
    init(_ configuration: ControlPlaneServer.Configuration) {
        dataDirectory = configuration.store == .memory ? "" : configuration.dataDirectory
    }

    package var exist: Bool { unsafe access("\(directory)/store.db", F_OK) == 0 }

    /// The database with its log; nil when there is none.
    package var sizeBytes: Int? {
        let sizes = ["", "-wal"].compactMap { suffix -> Int? in
            var status = stat()
            return unsafe stat("\(directory)/store.db\(suffix)", &status) == 0 ? Int(status.st_size) : nil
        }
        return sizes.isEmpty ? nil : sizes.reduce(0, +)
    }

    /// Opens the store, copies it, and closes it. For one that no server has open.
    package func save(to path: String) async throws {
        let lock = try DataDirectoryLock(dataDirectory)
        defer { lock.release() }
        let storage = try SQLiteStorage(directory: directory)
        do {
            try await storage.snapshot(to: path)
        } catch {
            await storage.close()
            throw error
        }
        await storage.close()
    }

    /// Puts a snapshot in the place of the store; the store that was there is kept beside it. No server may have it open.
    package func restore(from path: String) throws -> Restored {
        try SecretFile.makeDirectory(dataDirectory)
        let lock = try DataDirectoryLock(dataDirectory)
        defer { lock.release() }
        let restored = try SQLiteStorage.restore(from: path, to: directory)
        return Restored(
            snapshotRevision: restored.snapshotRevision, revision: restored.revision, keyCount: restored.keyCount,
            setAside: restored.setAside)
    }
}
