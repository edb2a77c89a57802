internal import Storage
internal import Testing

extension StorageCase {
    static let compactions = [
        StorageCase("after a compaction the present is whole and the past is gone") { storage, _ async throws in
            for number in 0..<600 { _ = try await storage.put("/p/\(number % 20)", "\(number)") }
            for number in 0..<10 { _ = try await storage.delete("/p/\(number)", if: .any) }
            let before = try await storage.list(prefix: "/", after: nil, limit: nil, at: 590)
            try await storage.compact(before: 590)
            #expect(storage.oldestRevision == 590)
            #expect(try await storage.list(prefix: "/", after: nil, limit: nil, at: 590) == before)
            #expect(try await storage.keys("/").count == 10)
            #expect(await thrown { _ = try await storage.get("/p/1", at: 589) } == .compacted(oldest: 590))
            #expect(await thrown { _ = try await storage.list(prefix: "/", after: nil, limit: nil, at: 1) } == .compacted(oldest: 590))
            #expect(await thrown { _ = try storage.watch(prefix: "/", after: 589) } == .compacted(oldest: 590))
            let events = try await read(20, of: storage.watch(prefix: "/", after: 590))
            #expect(events.map(\.revision) == Array(591...610))
            #expect(events.allSatisfy { $0.previous != nil })
        },
        StorageCase("compaction up to now keeps the present and the next revision") { storage, _ async throws in
            _ = try await storage.put("/a", "1")
            _ = try await storage.put("/b", "1")
            _ = try await storage.delete("/b", if: .any)
            try await storage.compact(before: 3)
            try await storage.compact(before: 2)
            #expect(storage.oldestRevision == 3)
            #expect(try await storage.keys("/") == ["/a"])
            #expect(try await storage.text("/a", at: 3) == "1")
            #expect(try await storage.put("/b", "2", if: .absent) == 4)
            #expect(try await read(1, of: storage.watch(prefix: "/", after: 3)).first?.kind == .created)
        },
        StorageCase("a watch too slow for the compaction ends with it") { storage, _ async throws in
            var watch = try storage.watch(prefix: "/", after: 0).makeAsyncIterator()
            for number in 0..<(4 * recentCountOfTests) { _ = try await storage.put("/k", "\(number)") }
            let current = storage.currentRevision
            try await storage.compact(before: current)
            #expect(await thrown { while try await watch.next() != nil {} } == .compacted(oldest: current))
        },
        StorageCase("the past is forgotten by age") { storage, clock async throws in
            for number in 0..<10 { _ = try await storage.put("/k", "\(number)") }
            clock.advance(by: .seconds(1800))
            _ = try await storage.put("/k", "half an hour later")
            clock.advance(by: .seconds(1799))
            #expect(try await storage.text("/k", at: 1) == "0")
            clock.advance(by: .seconds(1))
            try await eventually("the first ten are an hour old") {
                clock.advance(by: .seconds(1))
                return storage.oldestRevision == 10
            }
            #expect(try await storage.text("/k", at: 10) == "9")
            #expect(await thrown { _ = try await storage.get("/k", at: 9) } == .compacted(oldest: 10))
        },
        StorageCase("the past is forgotten by count") { storage, _ async throws in
            let most = StorageRetention.ofTests.revisionsMax
            for number in 0..<(most + most / 8 + 10) { _ = try await storage.put("/k\(number % 10)", "\(number)") }
            try await eventually("there are more revisions than are to be kept") { storage.oldestRevision > 0 }
            #expect(storage.currentRevision - storage.oldestRevision <= Int64(most) + 10)
            #expect(storage.currentRevision - storage.oldestRevision >= Int64(most) / 2)
            #expect(try await storage.keys("/").count == 10)
        },
    ]

    static let expiries = [
        StorageCase("a key expires, not before its time, with a revision of its own") { storage, clock async throws in
            _ = try await storage.put("/e/1", Array("1".utf8), if: .absent, expiresAfter: .seconds(60))
            _ = try await storage.put("/stays", "1")
            var watch = try storage.watch(prefix: "/e/", after: 1).makeAsyncIterator()
            try await eventually("the store waits for the expiry") {
                clock.nextWakeUp.map { $0 <= clock.millisecondsSinceEpoch + 60_000 } ?? false
            }
            clock.advance(by: .milliseconds(59_999))
            #expect(try await storage.text("/e/1") == "1")
            clock.advance(by: .milliseconds(1))
            let events = try await watch.next()
            #expect(events?.map(\.kind) == [.deleted])
            #expect(events?.first?.revision == 3)
            #expect(events?.first?.value == Array("1".utf8))
            #expect(try await storage.keys("/") == ["/stays"])
            #expect(try await storage.text("/e/1", at: 2) == "1")
        },
        StorageCase("the last write decides whether and when a key expires") { storage, clock async throws in
            _ = try await storage.put("/kept", [], if: .any, expiresAfter: .seconds(10))
            _ = try await storage.put("/kept", "for good")
            _ = try await storage.put("/longer", [], if: .any, expiresAfter: .seconds(10))
            _ = try await storage.put("/longer", [], if: .any, expiresAfter: .seconds(100))
            _ = try await storage.put("/shorter", [], if: .any, expiresAfter: .seconds(100))
            _ = try await storage.put("/shorter", [], if: .any, expiresAfter: .seconds(20))
            _ = try await storage.put("/again", [], if: .any, expiresAfter: .seconds(20))
            _ = try await storage.delete("/again", if: .any)
            _ = try await storage.put("/again", "made again")
            clock.advance(by: .seconds(20))
            try await eventually("/shorter is over") { try await storage.get("/shorter", at: nil) == nil }
            #expect(try await storage.keys("/") == ["/again", "/kept", "/longer"])
            clock.advance(by: .seconds(80))
            try await eventually("/longer is over") { try await storage.get("/longer", at: nil) == nil }
            #expect(try await storage.keys("/") == ["/again", "/kept"])
        },
        StorageCase("many keys that expire at once all go") { storage, clock async throws in
            for number in 0..<600 { _ = try await storage.put("/e/\(number)", [], if: .any, expiresAfter: .seconds(5)) }
            clock.advance(by: .seconds(5))
            try await eventually("all are over") { try await storage.count(prefix: "/e/") == 0 }
            #expect(storage.currentRevision == 1200)
        },
    ]
}
