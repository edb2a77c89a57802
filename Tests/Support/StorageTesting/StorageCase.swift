package import Storage
internal import Testing

/// One thing that every store does.
package struct StorageCase: Sendable, CustomTestStringConvertible {
    /// The store is empty and runs on the clock. It keeps few recent events in memory, so that watches read its log as well.
    package typealias Body = @Sendable (any StorageBackend, ManualClock) async throws -> Void

    package var testDescription: String
    private let body: Body

    init(_ description: String, _ body: @escaping Body) {
        testDescription = description
        self.body = body
    }

    package func run(on storage: any StorageBackend, _ clock: ManualClock) async throws {
        try await body(storage, clock)
        await storage.close()
    }

    package static let all = writes + lists + pasts + watches + compactions + expiries + closings + models
}

/// What a store in these tests keeps.
extension StorageRetention {
    package static let ofTests = StorageRetention(age: .seconds(3600), revisionsMax: 800)
}

/// How many recent events a store in these tests keeps in memory.
package let recentCountOfTests = 8

extension StorageBackend {
    func put(_ key: String, _ text: String, if precondition: Precondition = .any) async throws(StorageError) -> Int64 {
        try await put(key, Array(text.utf8), if: precondition, expiresAfter: nil)
    }

    func text(_ key: String, at revision: Int64? = nil) async throws -> String? {
        try await get(key, at: revision).map { String(decoding: $0.value, as: UTF8.self) }
    }

    func keys(_ prefix: String, after: String? = nil, limit: Int? = nil, at revision: Int64? = nil) async throws -> [String] {
        try await list(prefix: prefix, after: after, limit: limit, at: revision).objects.map(\.key)
    }
}

/// Waits for what another task is about to do.
func eventually(_ what: Comment, _ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(30)
    while try await !condition() {
        try #require(ContinuousClock.now < deadline, what)
        await Task.yield()
    }
}

/// The error that a body throws.
func thrown(_ body: () async throws -> Void) async -> StorageError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? StorageError
    }
}
