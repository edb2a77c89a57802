import Storage
import StorageSQLite
import StorageTesting
import Testing

struct SQLiteSuiteTests {
    @Test(arguments: StorageCase.all)
    func `SQLite`(_ item: StorageCase) async throws {
        let folder = try TestFolder()
        let clock = ManualClock()
        try await item.run(on: try folder.open(clock), clock)
    }
}
