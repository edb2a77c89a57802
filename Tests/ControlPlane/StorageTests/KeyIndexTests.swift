import Storage
import Testing

@Suite struct KeyIndexTests {
    private struct Entry: Keyed, Hashable {
        var key: String
        var number = 0
    }

    /// The same questions put to an index and to a sorted array, after each of many changes.
    @Test(arguments: [1, 2, 3] as [UInt64]) func `answers as a sorted array would`(seed: UInt64) {
        var random = Generator(state: seed)
        var index = KeyIndex<Entry>()
        var model: [String: Entry] = [:]
        for step in 0..<6_000 {
            let key = "/\("abé".randomElement(using: &random) ?? "a")/\(Int.random(in: 0..<1_500, using: &random))"
            if Int.random(in: 0..<3, using: &random) > 0 {
                index.set(Entry(key: key, number: step))
                model[key] = Entry(key: key, number: step)
            } else {
                index.remove(key)
                model[key] = nil
            }
            #expect(index.count == model.count)
            if step % 400 == 0 { compare(index, model, &random) }
        }
        let sorted = KeyIndex(sorted: model.values.sorted { $0.key.precedes($1.key) })
        compare(sorted, model, &random)
    }

    private func compare(_ index: KeyIndex<Entry>, _ model: [String: Entry], _ random: inout Generator) {
        let all = model.values.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        for prefix in ["", "/a/", "/b/1", "/é/", "/c", "/a/99999", "0"] {
            for after in [nil, "/a/5", "/b/", "/é/77", "~"] as [String?] {
                let expected = all.filter { entry in
                    entry.key.utf8.starts(with: prefix.utf8) && after.map { $0.utf8.lexicographicallyPrecedes(entry.key.utf8) } ?? true
                }
                #expect(index.count(prefix: prefix, after: after) == expected.count)
                let limit = Int.random(in: 0..<700, using: &random)
                let (entries, remaining) = index.entries(prefix: prefix, after: after, limit: limit)
                #expect(entries == Array(expected.prefix(limit)))
                #expect(remaining == max(0, expected.count - limit))
                var seen: [Entry] = []
                let left = index.forEach(prefix: prefix, after: after) { entry in
                    seen.append(entry)
                    return seen.count < limit
                }
                #expect(seen == Array(expected.prefix(max(1, limit))))
                #expect(left == expected.count - seen.count)
            }
        }
        for entry in all.shuffled(using: &random).prefix(20) { #expect(index[entry.key] == entry) }
        #expect(index["/a/none"] == nil)
    }

    @Test func `spellings that look alike are keys of their own`() {
        var index = KeyIndex<Entry>()
        for key in ["/e\u{301}", "/\u{E9}"] { index.set(Entry(key: key)) }
        #expect(index.count == 2)
        index.remove("/\u{E9}")
        #expect(index.entries(prefix: "", after: nil, limit: nil).entries.map { Array($0.key.utf8) } == [Array("/e\u{301}".utf8)])
    }
}

@Suite struct RecentLogTests {
    private struct Change: Revisioned, Hashable {
        var revision: Int64
        var sizeBytes = 1
    }

    @Test func `keeps the last ones, and knows what it has dropped`() {
        var log = RecentLog<Change>(floor: 10, countMax: 5, bytesMax: 1_000)
        #expect(log.changes(after: 9) == nil)
        #expect(log.changes(after: 10) == [])
        for revision in 11...100 as ClosedRange<Int64> { log.append(Change(revision: revision * 2)) }
        #expect(log.floor == 190)
        #expect(log.changes(after: 189) == nil)
        #expect(log.changes(after: 190)?.map(\.revision) == [192, 194, 196, 198, 200])
        #expect(log.changes(after: 195)?.map(\.revision) == [196, 198, 200])
        #expect(log.changes(after: 200) == [])
        #expect(log.changes(after: 500) == [])
    }

    @Test func `large changes push out more, one that is too large all of them`() {
        var log = RecentLog<Change>(floor: 0, countMax: 100, bytesMax: 10)
        log.append(contentsOf: (1...10).map { Change(revision: $0) })
        #expect(log.floor == 0)
        log.append(Change(revision: 11, sizeBytes: 5))
        #expect(log.floor == 5)
        log.append(Change(revision: 12, sizeBytes: 11))
        #expect(log.floor == 12)
        #expect(log.changes(after: 12) == [])
        log.append(Change(revision: 13))
        #expect(log.changes(after: 12)?.map(\.revision) == [13])
    }
}

/// A generator that gives the same numbers for the same seed (splitmix64).
private struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
