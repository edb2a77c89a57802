import Glibc
import Storage
import StorageSQLite
import Testing

/// What was acknowledged survives whatever the writer dies of.
struct StormTests {
    private struct Acknowledged: Hashable {
        var revision: Int64
        var key: String
        var value: String

        /// - Parameter line: `REVISION KEY VALUE`
        init?(_ line: String) {
            let parts = line.split(separator: " ")
            guard parts.count == 3, let revision = Int64(parts[0]) else { return nil }
            (self.revision, key, value) = (revision, String(parts[1]), String(parts[2]))
        }
    }

    @Test func `a hundred kills in the middle of writing lose nothing that was acknowledged`() async throws {
        let folder = try TestFolder()
        var random = SystemRandomNumberGenerator()
        var state: [String: (revision: Int64, value: String)] = [:]
        var verified: Int64 = 0
        var total = 0
        for round in 0..<100 {
            let program = try StormProgram(["write", folder.store, "\(round)"])
            var acknowledged = program.readLines(1 + Int.random(in: 1...40, using: &random)).compactMap(Acknowledged.init)
            usleep(UInt32.random(in: 0...20_000, using: &random))
            program.killNow()
            acknowledged += program.readToEnd().compactMap(Acknowledged.init)
            program.wait()
            total += acknowledged.count

            let storage = try SQLiteStorage(directory: folder.store)
            let events = try await Self.events(of: storage, after: verified)
            #expect(events.map(\.revision) == Array(verified + 1..<verified + 1 + Int64(events.count)), "round \(round): a gap or a repeat")
            let byRevision = Dictionary(uniqueKeysWithValues: events.map { ($0.revision, $0) })
            for write in acknowledged {
                let event = byRevision[write.revision]
                #expect(
                    event?.key == write.key && event?.value == Array(write.value.utf8), "round \(round): revision \(write.revision) is lost"
                )
            }
            for event in events { state[event.key] = (event.revision, String(decoding: event.value, as: UTF8.self)) }
            verified = storage.currentRevision
            if round % 10 == 9 { try await Self.compare(storage, with: state) }
            await storage.close()
        }
        #expect(total > 2_000, "the writers were killed before they had written much: \(total)")
        print("\(total) acknowledged writes, \(verified) revisions, 100 kills")
    }

    /// Every change after a revision, as a watch that resumes there is told it.
    private static func events(of storage: SQLiteStorage, after revision: Int64) async throws -> [StorageEvent] {
        let current = storage.currentRevision
        var events: [StorageEvent] = []
        guard current > revision else { return events }
        for try await batch in try storage.watch(prefix: "/", after: revision) {
            events += batch
            if batch.last?.revision == current { break }
        }
        return events
    }

    private static func compare(_ storage: SQLiteStorage, with state: [String: (revision: Int64, value: String)]) async throws {
        let list = try await storage.list(prefix: "/", after: nil, limit: nil, at: nil)
        #expect(list.objects.count == state.count)
        for object in list.objects {
            #expect(state[object.key]?.revision == object.modRevision)
            #expect(state[object.key]?.value == String(decoding: object.value, as: UTF8.self))
        }
    }
}
