internal import Storage
internal import Testing

extension StorageCase {
    static let closings = [
        StorageCase("a closed store refuses everything and ends its watches") { storage, _ async throws in
            _ = try await storage.put("/a", "1")
            let watch = try storage.watch(prefix: "/", after: 1)
            let waiting = Task { await thrown { for try await _ in watch {} } }
            await Task.yield()
            await storage.close()
            #expect(await waiting.value == .closed)
            #expect(await thrown { _ = try await storage.get("/a", at: nil) } == .closed)
            #expect(await thrown { _ = try await storage.list(prefix: "/", after: nil, limit: nil, at: nil) } == .closed)
            #expect(await thrown { _ = try await storage.count(prefix: "/") } == .closed)
            #expect(await thrown { _ = try await storage.put("/a", "2") } == .closed)
            #expect(await thrown { _ = try await storage.delete("/a", if: .any) } == .closed)
            #expect(await thrown { _ = try storage.watch(prefix: "/", after: 1) } == .closed)
            #expect(await thrown { try await storage.compact(before: 1) } == .closed)
            #expect(await thrown { try await storage.snapshot(to: "/nowhere/at/all") } != nil)
        },
        StorageCase("writes on their way when the store closes are done or refused") { storage, _ async throws in
            let outcomes = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<200 {
                    group.addTask { await thrown { _ = try await storage.put("/k\(number)", "") } == nil }
                }
                group.addTask {
                    await storage.close()
                    return false
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.count == 201)
            #expect(Int64(outcomes.filter(\.self).count) == storage.currentRevision)
        },
    ]
}
