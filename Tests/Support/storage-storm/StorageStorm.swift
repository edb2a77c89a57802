import Glibc
import Storage
import StorageSQLite

/// A process that writes to a store until it is killed, or into a disk that is full; the tests of the store start it and judge.
///
/// usage: storage-storm write DIRECTORY SEED      prints `REVISION KEY VALUE` for every write that has been acknowledged
///        storage-storm full DIRECTORY DISK       DISK is a small file system that holds the store; prints what each step came to
@main struct StorageStorm {
    static func main() async {
        let arguments = CommandLine.arguments
        guard arguments.count == 4 else {
            print("usage: storage-storm write DIRECTORY SEED | full DIRECTORY DISK")
            exit(2)
        }
        do {
            switch arguments[1] {
            case "write": try await Writers(directory: arguments[2], seed: arguments[3]).run()
            default: try await FullDisk(directory: arguments[2], disk: arguments[3]).run()
            }
        } catch {
            print("failed: \(error)")
            exit(1)
        }
    }
}

/// Eight writers side by side, each with keys of its own, some of them written again and again.
struct Writers {
    let directory: String
    let seed: String

    func run() async throws {
        let storage = try SQLiteStorage(directory: directory)
        say("open")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<8 { group.addTask { try await write(writer, storage) } }
            try await group.waitForAll()
        }
    }

    private func write(_ writer: Int, _ storage: SQLiteStorage) async throws {
        for number in 0... {
            let key = number % 3 == 0 ? "/storm/often/\(writer)" : "/storm/once/\(seed)-\(writer)-\(number)"
            let value = "\(seed)-\(writer)-\(number)-" + String(repeating: "x", count: number * 37 % 3000)
            let revision = try await storage.put(key, Array(value.utf8), if: .any, expiresAfter: nil)
            say("\(revision) \(key) \(value)")
        }
    }
}

/// Fills the disk under a store, then makes room again.
struct FullDisk {
    let directory: String
    let disk: String

    func run() async throws {
        let storage = try SQLiteStorage(directory: directory)
        let value = [UInt8](repeating: 0x61, count: 20_000)
        for number in 0..<10 { _ = try await storage.put("/k\(number)", value, if: .absent, expiresAfter: nil) }
        let ballast = "\(disk)/ballast"
        let file = open(ballast, O_WRONLY | O_CREAT, 0o600)
        while Glibc.write(file, value, 4096) > 0 {}
        close(file)
        let before = try await writesUntilRefused(storage, value)
        say("acknowledged \(before)")
        let list = try await storage.list(prefix: "/", after: nil, limit: nil, at: nil)
        say("read \(list.objects.count)")
        unlink(ballast)
        _ = try await storage.put("/after", value, if: .absent, expiresAfter: nil)
        say("wrote again")
        await storage.close()
        let again = try SQLiteStorage(directory: directory)
        say("reopened with \(try await again.count(prefix: "/"))")
        await again.close()
    }

    /// - Returns: How many keys are there.
    private func writesUntilRefused(_ storage: SQLiteStorage, _ value: [UInt8]) async throws -> Int {
        for number in 10..<10_000 {
            do {
                _ = try await storage.put("/k\(number)", value, if: .absent, expiresAfter: nil)
            } catch {
                say("refused \(error)")
                return number
            }
        }
        throw StorageError.failed("the disk did not become full")
    }
}

/// One write(2) for a line: what has been said is out, whatever comes.
func say(_ line: String) {
    let bytes = Array("\(line)\n".utf8)
    write(1, bytes, bytes.count)
}
