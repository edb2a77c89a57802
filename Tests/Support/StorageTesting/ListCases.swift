internal import Storage
internal import Testing

extension StorageCase {
    static let lists = [
        StorageCase("a list is of a prefix, in the order of bytes") { storage, _ async throws in
            for key in ["/a/b", "/a-b", "/a/", "/a/b/c", "/b", "/a/B", "/a0", "/a/ü", "/a/z"] { _ = try await storage.put(key, key) }
            let expected = ["/a/", "/a/B", "/a/b", "/a/b/c", "/a/z", "/a/ü"]
            #expect(try await storage.keys("/a/") == expected)
            #expect(try await storage.keys("/a/", at: 9) == expected)
            #expect(try await storage.count(prefix: "/a/") == 6)
            _ = try await storage.put("/c", "")
            #expect(try await storage.keys("/a/", at: 9) == expected)
            #expect(try await storage.keys("") == ["/a-b", "/a/", "/a/B", "/a/b", "/a/b/c", "/a/z", "/a/ü", "/a0", "/b", "/c"])
            #expect(try await storage.keys("/d") == [])
        },
        StorageCase("a list goes on behind a key, however it is cut") { storage, _ async throws in
            let keys = (100..<700).map { "/p/\($0)" }
            for key in keys.shuffled() { _ = try await storage.put(key, key) }
            for limit in [1, 7, 256, 257, 599, 600, 601] {
                var found: [String] = []
                var after: String?
                while true {
                    let part = try await storage.list(prefix: "/p/", after: after, limit: limit, at: nil)
                    found += part.objects.map(\.key)
                    after = part.objects.last?.key
                    #expect(part.remaining == keys.count - found.count)
                    if part.remaining == 0 { break }
                }
                #expect(found == keys)
            }
        },
        StorageCase("a list goes on behind a key that is gone, before the prefix or behind it") { storage, _ async throws in
            for key in ["/p/a", "/p/c", "/q/a"] { _ = try await storage.put(key, key) }
            for revision in [nil, 3] as [Int64?] {
                #expect(try await storage.keys("/p/", after: "/p/b", at: revision) == ["/p/c"])
                #expect(try await storage.keys("/p/", after: "/a", at: revision) == ["/p/a", "/p/c"])
                #expect(try await storage.keys("/p/", after: "/p/c", at: revision) == [])
                #expect(try await storage.keys("/p/", after: "/q/", at: revision) == [])
                _ = try await storage.put("/x", "")
            }
        },
        StorageCase("counting counts present keys") { storage, _ async throws in
            for number in 0..<1000 { _ = try await storage.put("/p/\(number)", "") }
            for number in 0..<300 { _ = try await storage.delete("/p/\(number)", if: .any) }
            #expect(try await storage.count(prefix: "/p/") == 700)
            #expect(try await storage.count(prefix: "/p/99") == 10)
            #expect(try await storage.count(prefix: "/p/99") == storage.keys("/p/99").count)
            #expect(try await storage.count(prefix: "/q") == 0)
        },
    ]

    static let pasts = [
        StorageCase("the past can be read") { storage, _ async throws in
            _ = try await storage.put("/a", "1")
            _ = try await storage.put("/b", "1")
            _ = try await storage.put("/a", "2")
            _ = try await storage.delete("/b", if: .any)
            _ = try await storage.put("/b", "2")
            let states: [[String: String]] = [
                [:], ["/a": "1"], ["/a": "1", "/b": "1"], ["/a": "2", "/b": "1"], ["/a": "2"], ["/a": "2", "/b": "2"],
            ]
            for (revision, state) in states.enumerated() {
                let list = try await storage.list(prefix: "/", after: nil, limit: nil, at: Int64(revision))
                #expect(list.revision == revision)
                #expect(Dictionary(uniqueKeysWithValues: list.objects.map { ($0.key, String(decoding: $0.value, as: UTF8.self)) }) == state)
                for key in ["/a", "/b", "/c"] { #expect(try await storage.text(key, at: Int64(revision)) == state[key]) }
            }
            #expect(try await storage.get("/b", at: 5)?.createRevision == 5)
            #expect(try await storage.get("/b", at: 3)?.createRevision == 2)
        },
        StorageCase("a list at a revision goes on at that revision, whatever is written meanwhile") { storage, _ async throws in
            for number in 100..<400 { _ = try await storage.put("/p/\(number)", "old") }
            let revision = storage.currentRevision
            var found: [StoredObject] = []
            var rounds = 0
            while true {
                let part = try await storage.list(prefix: "/p/", after: found.last?.key, limit: 50, at: revision)
                #expect(part.revision == revision)
                found += part.objects
                if part.remaining == 0 { break }
                rounds += 1
                _ = try await storage.delete("/p/\(400 - rounds)", if: .any)
                _ = try await storage.put("/p/\(300 + rounds)", "new")
                _ = try await storage.put("/p/1\(rounds)x", "new")
            }
            #expect(found.map(\.key) == (100..<400).map { "/p/\($0)" })
            #expect(found.allSatisfy { $0.value == Array("old".utf8) })
            #expect(rounds == 5)
        },
        StorageCase("the future cannot be read") { storage, _ async throws in
            _ = try await storage.put("/a", "1")
            #expect(await thrown { _ = try await storage.get("/a", at: 2) } == .future(current: 1))
            #expect(await thrown { _ = try await storage.list(prefix: "/", after: nil, limit: nil, at: 2) } == .future(current: 1))
            #expect(await thrown { _ = try storage.watch(prefix: "/", after: 2) } == .future(current: 1))
            #expect(await thrown { try await storage.compact(before: 2) } == .future(current: 1))
        },
    ]
}
