internal import Storage
internal import Synchronization
internal import Testing

extension StorageCase {
    static let watches = [
        StorageCase("a watch tells what happened, with what was there before") { storage, _ async throws in
            _ = try await storage.put("/a", "1")
            _ = try await storage.put("/a", "2")
            _ = try await storage.delete("/a", if: .any)
            let (one, two) = (Array("1".utf8), Array("2".utf8))
            let expected = [
                StorageEvent(kind: .created, key: "/a", value: one, previous: nil, createRevision: 1, revision: 1),
                StorageEvent(kind: .updated, key: "/a", value: two, previous: one, createRevision: 1, revision: 2),
                StorageEvent(kind: .deleted, key: "/a", value: two, previous: two, createRevision: 1, revision: 3),
            ]
            for after in 0...3 {
                #expect(
                    try await read(expected.count - after, of: storage.watch(prefix: "/", after: Int64(after)))
                        == Array(expected.dropFirst(after)))
            }
            // Behind what is kept in memory, so out of the log.
            for number in 0..<(2 * recentCountOfTests) { _ = try await storage.put("/b\(number)", "") }
            for after in 0...3 {
                #expect(try await read(3 - after, of: storage.watch(prefix: "/a", after: Int64(after))) == Array(expected.dropFirst(after)))
            }
        },
        StorageCase("a watch is of its prefix only") { storage, _ async throws in
            let watch = try storage.watch(prefix: "/a/", after: 0)
            for key in ["/a", "/a/1", "/b/1", "/a/2", "/a0"] { _ = try await storage.put(key, "") }
            #expect(try await read(2, of: watch).map(\.key) == ["/a/1", "/a/2"])
        },
        StorageCase("watches begun at any revision under load have no gap and no repeat") { storage, _ async throws in
            let total = 300
            try await withThrowingTaskGroup(of: [Int64].self) { group in
                for writer in 0..<4 {
                    group.addTask {
                        for number in 0..<(total / 4) { _ = try await storage.put("/w/\(writer)/\(number)", "\(number)") }
                        return []
                    }
                }
                for _ in 0..<16 {
                    group.addTask {
                        let start = Int64.random(in: 0...storage.currentRevision)
                        let revisions = try await read(total - Int(start), of: storage.watch(prefix: "/", after: start)).map(\.revision)
                        #expect(revisions == Array(start + 1...Int64(total)))
                        return revisions
                    }
                    await Task.yield()
                }
                try await group.waitForAll()
            }
        },
        StorageCase("a watch that reads late reads everything") { storage, _ async throws in
            var late = try storage.watch(prefix: "/", after: 0).makeAsyncIterator()
            for number in 0..<(10 * recentCountOfTests) { _ = try await storage.put("/k", "\(number)") }
            var revisions: [Int64] = []
            while revisions.count < 10 * recentCountOfTests { revisions += try await late.next()?.map(\.revision) ?? [] }
            #expect(revisions == Array(1...Int64(10 * recentCountOfTests)))
        },
        StorageCase("a write has been told when it returns") { storage, _ async throws in
            let seen = Mutex<[StorageEvent]>([])
            let observation = storage.observe { events in seen.withLock { $0 += events } }
            #expect(observation.startRevision == 0)
            for number in 1...50 {
                let revision = try await storage.put("/k\(number % 7)", "\(number)")
                #expect(seen.withLock { $0.last?.revision } == revision)
            }
            #expect(seen.withLock { $0.map(\.revision) } == Array(1...50))
            observation.cancel()
            _ = try await storage.put("/k", "")
            #expect(seen.withLock { $0.count } == 50)
            let second = storage.observe { _ in }
            #expect(second.startRevision == 51)
        },
        StorageCase("taps see commits in order under load") { storage, _ async throws in
            let seen = Mutex<[Int64]>([])
            let observation = storage.observe { events in seen.withLock { $0 += events.map(\.revision) } }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for client in 0..<16 { group.addTask { for _ in 0..<20 { _ = try await storage.put("/k\(client)", "") } } }
                try await group.waitForAll()
            }
            #expect(seen.withLock { $0 } == Array(1...320))
            observation.cancel()
        },
        StorageCase("cancelling ends a watch") { storage, _ async throws in
            let watch = try storage.watch(prefix: "/", after: 0)
            let task = Task {
                var count = 0
                for try await events in watch { count += events.count }
                return count
            }
            _ = try await storage.put("/a", "1")
            watch.cancel()
            #expect(try await task.value <= 1)
            let second = Task { for try await _ in try storage.watch(prefix: "/", after: 1) {} }
            second.cancel()
            try await second.value
        },
    ]

    /// The next so many events of a watch.
    static func read(_ count: Int, of watch: StorageWatch) async throws -> [StorageEvent] {
        var events: [StorageEvent] = []
        var iterator = watch.makeAsyncIterator()
        while events.count < count {
            let batch = try #require(try await iterator.next())
            #expect(!batch.isEmpty)
            events += batch
        }
        return events
    }
}
