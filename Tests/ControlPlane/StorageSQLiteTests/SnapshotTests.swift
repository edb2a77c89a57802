import Glibc
import Storage
import StorageSQLite
import Testing

struct SnapshotTests {
    @Test func `a snapshot of a store in use is one moment of it, and opens in another directory`() async throws {
        let (folder, elsewhere) = (try TestFolder(), try TestFolder())
        let storage = try SQLiteStorage(directory: folder.store)
        let snapshot = "\(folder.path)/snapshot"
        let writer = Task {
            var (revision, round) = (Int64(0), 0)
            // Always both or neither are of one round: `/b` follows `/a`.
            while !Task.isCancelled {
                _ = try await storage.put("/a", Array("\(round)".utf8), if: .any, expiresAfter: nil)
                revision = try await storage.put("/b", Array("\(round)".utf8), if: .any, expiresAfter: nil)
                round += 1
            }
            return revision
        }
        while storage.currentRevision < 200 { await Task.yield() }
        let before = storage.currentRevision
        try await storage.snapshot(to: snapshot)
        let after = storage.currentRevision
        writer.cancel()
        let last = try await writer.value
        await storage.close()
        var status = stat()
        #expect(stat(snapshot, &status) == 0 && status.st_mode & 0o777 == 0o600)

        let restored = try SQLiteStorage.restore(from: snapshot, to: elsewhere.store)
        #expect((before...after).contains(restored.snapshotRevision))
        #expect(restored.setAside == nil)
        #expect(restored.revision > last, "a revision that clients have seen must not come again")
        let copy = try SQLiteStorage(directory: elsewhere.store)
        let (a, b) = (try await Self.number("/a", copy), try await Self.number("/b", copy))
        #expect(a - b == 0 || a - b == 1)
        #expect(a == Int((restored.snapshotRevision - 1) / 2))
        // Whoever watched the old store is told to list again.
        #expect(throws: StorageError.compacted(oldest: restored.revision)) { try copy.watch(prefix: "/", after: last) }
        #expect(try await copy.put("/a", [], if: .present, expiresAfter: nil) == restored.revision + 1)
        await copy.close()
    }

    @Test func `a damaged snapshot is refused, and the store stays`() async throws {
        let folder = try TestFolder()
        let storage = try SQLiteStorage(directory: folder.store)
        for number in 0..<100 { _ = try await storage.put("/k\(number)", [UInt8](repeating: 3, count: 2000), if: .any, expiresAfter: nil) }
        let snapshot = "\(folder.path)/snapshot"
        try await storage.snapshot(to: snapshot)
        await #expect(throws: StorageError.self, "a snapshot overwrites nothing") { try await storage.snapshot(to: snapshot) }
        #expect(throws: StorageError.self, "an open store is not replaced") { try SQLiteStorage.restore(from: snapshot, to: folder.store) }
        await storage.close()
        let file = open(snapshot, O_WRONLY)
        for offset in stride(from: 40_000, to: 200_000, by: 10_000) { pwrite(file, [0xAA], 1, off_t(offset)) }
        close(file)
        let error = #expect(throws: StorageError.self) { try SQLiteStorage.restore(from: snapshot, to: folder.store) }
        #expect(error?.description.hasPrefix("the store is damaged: \(snapshot)") == true)
        let again = try SQLiteStorage(directory: folder.store)
        #expect(try await again.count(prefix: "/") == 100)
        #expect(again.currentRevision == 100)
        await again.close()
        #expect(TestFolder.names(folder.store).filter { $0.contains("restor") }.isEmpty)
    }

    private static func number(_ key: String, _ storage: SQLiteStorage) async throws -> Int {
        let object = try #require(try await storage.get(key, at: nil))
        return Int(String(decoding: object.value, as: UTF8.self)) ?? -1
    }
}
