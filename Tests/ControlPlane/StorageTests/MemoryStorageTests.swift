import Storage
import StorageTesting
import Testing

struct MemoryStorageTests {
    @Test(arguments: StorageCase.all)
    func `memory`(_ item: StorageCase) async throws {
        let clock = ManualClock()
        try await item.run(on: MemoryStorage(clock: clock, retention: .ofTests, recentCountMax: recentCountOfTests), clock)
    }
}
