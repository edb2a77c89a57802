/// Which indexes of a Job have succeeded or failed, written as `0,2-5`.
struct CompletionIndexes: Hashable, CustomStringConvertible {
    /// In order, with gaps between them.
    private(set) var ranges: [ClosedRange<Int>] = []

    init() {}

    init(_ indexes: some Sequence<Int>) {
        for index in indexes.sorted() { append(index...index) }
    }

    /// - Parameter completions: Indexes from here on don't count.
    init(parsing text: String, completions: Int) {
        for part in text.split(separator: ",") {
            let ends = part.split(separator: "-").compactMap { Int($0) }
            guard let first = ends.first, let last = ends.last, first <= last, first < completions else { continue }
            append(first...min(last, completions - 1))
        }
    }

    var count: Int { ranges.reduce(0) { $0 + $1.count } }
    var isEmpty: Bool { ranges.isEmpty }

    func contains(_ index: Int) -> Bool {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < index { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].contains(index)
    }

    func union(_ other: CompletionIndexes) -> CompletionIndexes {
        var result = CompletionIndexes()
        for range in (ranges + other.ranges).sorted(by: { $0.lowerBound < $1.lowerBound }) { result.append(range) }
        return result
    }

    func union(_ indexes: some Sequence<Int>) -> CompletionIndexes { union(CompletionIndexes(indexes)) }

    func intersectionCount(_ other: CompletionIndexes) -> Int {
        var count = 0
        for range in ranges {
            for otherRange in other.ranges where range.overlaps(otherRange) { count += range.clamped(to: otherRange).count }
        }
        return count
    }

    /// The first indexes that are not among these.
    func firstMissing(_ count: Int, below completions: Int) -> [Int] {
        var missing: [Int] = []
        var next = 0
        for range in ranges + [completions...completions] {
            while next < range.lowerBound, next < completions, missing.count < count {
                missing.append(next)
                next += 1
            }
            next = max(next, range.upperBound + 1)
        }
        return missing
    }

    /// Two neighbours are listed, three or more are a range.
    var description: String {
        ranges.map { range in
            switch range.count {
            case 1: "\(range.lowerBound)"
            case 2: "\(range.lowerBound),\(range.upperBound)"
            default: "\(range.lowerBound)-\(range.upperBound)"
            }
        }.joined(separator: ",")
    }

    private mutating func append(_ range: ClosedRange<Int>) {
        guard let last = ranges.last, range.lowerBound <= last.upperBound + 1 else { return ranges.append(range) }
        ranges[ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
    }
}
