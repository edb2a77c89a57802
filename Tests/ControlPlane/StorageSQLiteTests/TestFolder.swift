import Glibc
import Storage
import StorageSQLite
import StorageTesting

/// A folder for a store, gone with its last user.
final class TestFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/swiftlet-store-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw StorageError.failed("mkdtemp: errno \(errno)") }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { Self.remove(path) }

    var store: String { "\(path)/store" }
    var database: String { "\(store)/store.db" }

    func open(_ clock: (any StorageClock)? = nil, configure: (inout SQLiteStorage.Options) -> Void = { _ in }) throws -> SQLiteStorage {
        var options = SQLiteStorage.Options()
        options.retention = .ofTests
        options.recentCountMax = recentCountOfTests
        if let clock { options.clock = clock }
        configure(&options)
        return try SQLiteStorage(directory: store, options: options)
    }

    /// The names in a folder, sorted.
    static func names(_ path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    private static func remove(_ path: String) {
        for name in names(path) { remove("\(path)/\(name)") }
        Glibc.remove(path)
    }
}
