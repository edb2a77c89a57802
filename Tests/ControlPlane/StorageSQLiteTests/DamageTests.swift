import Glibc
import Storage
import StorageSQLite
import Testing

/// A damaged store is found, named, and put aside by the restore that its message asks for; it is never half used.
struct DamageTests {
    /// A store with so many keys of 2 KB, closed.
    private static func filled(_ folder: TestFolder, count: Int) async throws {
        let storage = try SQLiteStorage(directory: folder.store)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<count {
                let value = [UInt8](repeating: UInt8(number % 251), count: 2000)
                group.addTask { _ = try await storage.put("/registry/core/pods/ns/pod-\(number)", value, if: .absent, expiresAfter: nil) }
            }
            try await group.waitForAll()
        }
        await storage.close()
    }

    private static func overwrite(_ path: String, at offset: Int, _ bytes: [UInt8]) throws {
        let file = open(path, O_WRONLY)
        try #require(file >= 0)
        defer { close(file) }
        try #require(pwrite(file, bytes, bytes.count, off_t(offset)) == bytes.count)
    }

    private static func size(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    private static func openingError(_ folder: TestFolder) async -> StorageError? {
        do {
            let storage = try SQLiteStorage(directory: folder.store)
            await storage.close()
            return nil
        } catch {
            return error
        }
    }

    @Test func `pages of rubbish are found at start, and the message says how to go on`() async throws {
        let folder = try TestFolder()
        try await Self.filled(folder, count: 400)
        let healthy = try SQLiteStorage(directory: folder.store)
        try await healthy.snapshot(to: "\(folder.path)/snapshot")
        await healthy.close()
        let rubbish = (0..<65_536).map { _ in UInt8.random(in: 0...255) }
        try Self.overwrite(folder.database, at: Self.size(folder.database) / 2, rubbish)

        let error = try #require(await Self.openingError(folder))
        guard case .corrupt(let text) = error else { return #expect(Bool(false), "\(error)") }
        #expect(text.hasPrefix(folder.database))
        #expect(text.contains("Nothing was changed. To go back to a snapshot, run: swiftlet snapshot restore FILE"))
        #expect(await Self.openingError(folder) == error, "the second attempt finds what the first has found")

        let restored = try SQLiteStorage.restore(from: "\(folder.path)/snapshot", to: folder.store)
        #expect(restored.keyCount == 400)
        let aside = try #require(restored.setAside)
        #expect(aside.contains("store.db.damaged-"))
        #expect(Self.size(aside) > 0)
        let storage = try SQLiteStorage(directory: folder.store)
        #expect(try await storage.count(prefix: "/") == 400)
        await storage.close()
    }

    /// The trees are whole, a value is not: only its checksum tells.
    @Test func `one changed byte of a value is found when it is read, and the others can be read`() async throws {
        let folder = try TestFolder()
        try await Self.filled(folder, count: 200)
        let bytes = try Self.contents(folder.database)
        // In the middle of a run that only the value of pod 7 has.
        let run = [UInt8](repeating: 7, count: 1000)
        let place = try #require(Self.firstIndex(of: run, in: bytes))
        try Self.overwrite(folder.database, at: place + 500, [8])

        do {
            let storage = try SQLiteStorage(directory: folder.store)
            await #expect(throws: StorageError.self) { try await storage.get("/registry/core/pods/ns/pod-7", at: nil) }
            #expect(try await storage.get("/registry/core/pods/ns/pod-8", at: nil)?.value == [UInt8](repeating: 8, count: 2000))
            await storage.close()
        } catch {
            // The sample that is checked at start has met it.
            guard case .corrupt(let text) = error else { throw error }
            #expect(text.contains("checksum is wrong"))
        }
    }

    @Test(arguments: [1, 100, 4096, 20_000])
    func `a log that was torn off while it was written loses only what nobody was told of`(lost: Int) async throws {
        let folder = try TestFolder()
        let copy = "\(folder.path)/copy"
        mkdir(copy, 0o700)
        let storage = try SQLiteStorage(directory: folder.store)
        for number in 0..<50 { _ = try await storage.put("/k\(number)", [UInt8](repeating: 1, count: 500), if: .absent, expiresAfter: nil) }
        let before = Self.size(folder.database + "-wal")
        for number in 50..<80 {
            _ = try await storage.put("/k\(number)", [UInt8](repeating: 1, count: 500), if: .absent, expiresAfter: nil)
        }
        // As a machine that lost its power would find the files: the log ends somewhere behind the first fifty.
        for suffix in ["", "-wal"] { try Self.copy(folder.database + suffix, to: "\(copy)/store.db\(suffix)") }
        await storage.close()
        let whole = Self.size("\(copy)/store.db-wal")
        try #require(whole - lost > before)
        truncate("\(copy)/store.db-wal", off_t(whole - lost))

        let torn = try SQLiteStorage(directory: copy)
        let count = try await torn.count(prefix: "/")
        #expect((50..<80).contains(count))
        #expect(torn.currentRevision == Int64(count), "half a commit is none")
        #expect(try await torn.put("/new", [], if: .absent, expiresAfter: nil) == Int64(count + 1))
        await torn.close()
    }

    @Test func `a file that is no store is named, and left as it is`() async throws {
        let folder = try TestFolder()
        mkdir(folder.store, 0o700)
        let text = Array("this is no database, it is a text that somebody has put here\n".utf8)
        let file = open(folder.database, O_WRONLY | O_CREAT, 0o600)
        write(file, text, text.count)
        close(file)
        let error = await Self.openingError(folder)
        guard case .corrupt(let message)? = error else { return #expect(Bool(false), "\(String(describing: error))") }
        #expect(message.hasPrefix(folder.database))
        #expect(try Self.contents(folder.database) == text)
    }

    // MARK: files

    private static func contents(_ path: String) throws -> [UInt8] {
        let file = open(path, O_RDONLY)
        try #require(file >= 0)
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: size(path))
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { pread(file, $0.baseAddress! + count, $0.count - count, off_t(count)) }
            try #require(got > 0)
            count += got
        }
        return bytes
    }

    private static func copy(_ from: String, to: String) throws {
        let bytes = try contents(from)
        let file = open(to, O_WRONLY | O_CREAT, 0o600)
        defer { close(file) }
        try #require(write(file, bytes, bytes.count) == bytes.count)
    }

    private static func firstIndex(of run: [UInt8], in bytes: [UInt8]) -> Int? {
        var length = 0
        for (index, byte) in bytes.enumerated() {
            length = byte == run[0] ? length + 1 : 0
            if length == run.count { return index + 1 - run.count }
        }
        return nil
    }
}
