internal import Storage
internal import Testing

extension StorageCase {
    static let writes = [
        StorageCase("a new store is at revision 0 and empty") { storage, _ async throws in
            #expect(storage.currentRevision == 0)
            #expect(storage.oldestRevision == 0)
            #expect(try await storage.get("/a", at: nil) == nil)
            #expect(
                try await storage.list(prefix: "/", after: nil, limit: nil, at: nil) == StorageList(objects: [], revision: 0, remaining: 0))
        },
        StorageCase("each write takes the next revision") { storage, _ async throws in
            #expect(try await storage.put("/a", "1") == 1)
            #expect(try await storage.put("/b", "1") == 2)
            #expect(try await storage.put("/a", "2") == 3)
            #expect(try await storage.delete("/b", if: .any) == 4)
            #expect(storage.currentRevision == 4)
            #expect(
                try await storage.get("/a", at: nil)
                    == StoredObject(key: "/a", value: Array("2".utf8), createRevision: 1, modRevision: 3))
            #expect(try await storage.get("/b", at: nil) == nil)
        },
        StorageCase("a key made again has a new creation") { storage, _ async throws in
            _ = try await storage.put("/a", "1")
            _ = try await storage.delete("/a", if: .any)
            _ = try await storage.put("/a", "2", if: .absent)
            #expect(try await storage.get("/a", at: nil)?.createRevision == 3)
        },
        StorageCase("a refused write says what is there and changes nothing") { storage, _ async throws in
            _ = try await storage.put("/a", "1")
            _ = try await storage.put("/a", "2")
            let current = try await storage.get("/a", at: nil)
            for precondition in [Precondition.absent, .revision(1), .revision(3)] {
                #expect(await thrown { _ = try await storage.put("/a", "x", if: precondition) } == .conflict(current: current))
                #expect(await thrown { _ = try await storage.delete("/a", if: precondition) } == .conflict(current: current))
            }
            for precondition in [Precondition.present, .revision(2)] {
                #expect(await thrown { _ = try await storage.put("/b", "x", if: precondition) } == .conflict(current: nil))
            }
            for precondition in [Precondition.present, .revision(2), .any, .absent] {
                #expect(await thrown { _ = try await storage.delete("/b", if: precondition) } == .conflict(current: nil))
            }
            #expect(storage.currentRevision == 2)
            #expect(try await storage.get("/a", at: nil) == current)
        },
        StorageCase("a granted precondition writes") { storage, _ async throws in
            #expect(try await storage.put("/a", "1", if: .absent) == 1)
            #expect(try await storage.put("/a", "2", if: .revision(1)) == 2)
            #expect(try await storage.put("/a", "3", if: .present) == 3)
            #expect(try await storage.delete("/a", if: .revision(3)) == 4)
        },
        StorageCase("of many compare-and-swaps at once one is granted") { storage, _ async throws in
            _ = try await storage.put("/a", "0")
            let granted = await withTaskGroup(of: Int.self) { group in
                for client in 0..<64 {
                    group.addTask { (try? await storage.put("/a", "\(client)", if: .revision(1))) == nil ? 0 : 1 }
                }
                return await group.reduce(0, +)
            }
            #expect(granted == 1)
            #expect(storage.currentRevision == 2)
        },
        StorageCase("counters incremented by many lose nothing") { storage, _ async throws in
            _ = try await storage.put("/n", "0")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 { group.addTask { for _ in 0..<25 { try await increment("/n", storage) } } }
                try await group.waitForAll()
            }
            #expect(try await storage.text("/n") == "200")
            #expect(storage.currentRevision == 201)
        },
        StorageCase("values are bytes: none, many, any") { storage, _ async throws in
            for value in [[], [0], Array(0...255), [UInt8](repeating: 0xff, count: 1 << 20)] {
                let revision = try await storage.put("/v", value, if: .any, expiresAfter: nil)
                #expect(try await storage.get("/v", at: nil)?.value == value)
                #expect(try await storage.get("/v", at: revision)?.value == value)
            }
        },
        StorageCase("keys are bytes: two spellings of é are two keys") { storage, _ async throws in
            _ = try await storage.put("/r/caf\u{e9}", "composed")
            _ = try await storage.put("/r/cafe\u{301}", "decomposed")
            #expect(try await storage.text("/r/caf\u{e9}") == "composed")
            #expect(try await storage.text("/r/cafe\u{301}") == "decomposed")
            #expect(try await storage.list(prefix: "/r/cafe", after: nil, limit: nil, at: nil).objects.count == 1)
            #expect(try await storage.list(prefix: "/r/cafe", after: nil, limit: nil, at: 2).objects.count == 1)
        },
    ]

    private static func increment(_ key: String, _ storage: any StorageBackend) async throws {
        while true {
            let current = try #require(try await storage.get(key, at: nil))
            let next = (Int(String(decoding: current.value, as: UTF8.self)) ?? 0) + 1
            let error = await thrown { _ = try await storage.put(key, "\(next)", if: .revision(current.modRevision)) }
            guard let error else { return }
            guard case .conflict = error else { throw error }
        }
    }
}
