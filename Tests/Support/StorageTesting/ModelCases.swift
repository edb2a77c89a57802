internal import Storage
internal import Testing

extension StorageCase {
    static let models = (1...6).map { seed in
        StorageCase("the store does what a model of it does, seed \(seed)") { storage, _ async throws in
            var model = Model(seed: UInt64(seed))
            for _ in 0..<400 { try await model.step(storage) }
            try await model.compare(storage)
        }
    }
}

/// Every state that the store has been in, kept in the plainest way.
private struct Model {
    private var random: SplitMix
    private var states: [[String: StoredObject]] = [[:]]
    private var events: [StorageEvent] = []
    private var oldest = 0

    init(seed: UInt64) { random = SplitMix(state: seed) }

    private var current: [String: StoredObject] { states[states.count - 1] }

    mutating func step(_ storage: any StorageBackend) async throws {
        let key = "/m/\(Int.random(in: 0..<12, using: &random))/\(Int.random(in: 0..<4, using: &random))"
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<60: try await put(key, storage)
        case 60..<85: try await delete(key, storage)
        case 85..<97: try await compare(storage)
        default: try await compact(storage)
        }
    }

    private mutating func put(_ key: String, _ storage: any StorageBackend) async throws {
        let (precondition, isGranted) = precondition(current[key])
        let value = [UInt8]((0..<Int.random(in: 0..<40, using: &random)).map { _ in .random(in: 0...255, using: &random) })
        do {
            let revision = try await storage.put(key, value, if: precondition, expiresAfter: nil)
            #expect(isGranted)
            let old = current[key]
            let new = StoredObject(key: key, value: value, createRevision: old?.createRevision ?? revision, modRevision: revision)
            append(
                StorageEvent(
                    kind: old == nil ? .created : .updated, key: key, value: value, previous: old?.value,
                    createRevision: new.createRevision, revision: revision), new)
        } catch {
            #expect(!isGranted)
            #expect(error == .conflict(current: current[key]))
        }
    }

    private mutating func delete(_ key: String, _ storage: any StorageBackend) async throws {
        let (precondition, isGranted) = precondition(current[key])
        do {
            let revision = try await storage.delete(key, if: precondition)
            let old = try #require(current[key])
            #expect(isGranted)
            append(
                StorageEvent(
                    kind: .deleted, key: key, value: old.value, previous: old.value, createRevision: old.createRevision, revision: revision),
                nil)
        } catch let error as StorageError {
            #expect(!isGranted || current[key] == nil)
            #expect(error == .conflict(current: current[key]))
        }
    }

    private mutating func append(_ event: StorageEvent, _ object: StoredObject?) {
        #expect(event.revision == Int64(states.count))
        var state = current
        state[event.key] = object
        states.append(state)
        events.append(event)
    }

    private mutating func precondition(_ object: StoredObject?) -> (Precondition, isGranted: Bool) {
        switch Int.random(in: 0..<5, using: &random) {
        case 0: (.absent, object == nil)
        case 1: (.present, object != nil)
        case 2: (.revision(object?.modRevision ?? 1), object != nil)
        case 3: (.revision(Int64(states.count)), false)
        default: (.any, true)
        }
    }

    private mutating func compact(_ storage: any StorageBackend) async throws {
        let revision = Int.random(in: oldest..<states.count, using: &random)
        try await storage.compact(before: Int64(revision))
        oldest = revision
    }

    /// Compares a state of the past, a part of it, and the events since.
    mutating func compare(_ storage: any StorageBackend) async throws {
        let revision = Int.random(in: oldest..<states.count, using: &random)
        let prefix = ["", "/m/", "/m/1", "/m/3/"].randomElement(using: &random) ?? ""
        let expected = states[revision].values.filter { $0.key.hasPrefix(prefix) }.sorted { $0.key < $1.key }
        let list = try await storage.list(prefix: prefix, after: nil, limit: nil, at: Int64(revision))
        #expect(list.objects == expected)
        #expect(list.remaining == 0)
        let limit = Int.random(in: 1...6, using: &random)
        let part = try await storage.list(prefix: prefix, after: expected.first?.key, limit: limit, at: Int64(revision))
        #expect(part.objects == Array(expected.dropFirst().prefix(limit)))
        #expect((part.remaining > 0) == (expected.count - 1 > limit))
        let later = events.filter { $0.revision > revision && $0.key.hasPrefix(prefix) }
        #expect(try await StorageCase.read(later.count, of: storage.watch(prefix: prefix, after: Int64(revision))) == later)
    }
}

/// A small generator with a seed; Steele, Lea and Flood, "Fast splittable pseudorandom number generators".
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
