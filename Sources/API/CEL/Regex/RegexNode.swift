/// A pattern as a tree. The syntax is RE2's (github.com/google/re2/wiki/Syntax), which Go and therefore CEL use.
indirect enum RegexNode: Sendable {
    case empty
    case scalar(ScalarClass)
    case assertion(Assertion)
    case sequence([RegexNode])
    case choice([RegexNode])
    /// - Parameter max: nil for any number.
    case repetition(RegexNode, min: Int, max: Int?, isGreedy: Bool)

    enum Assertion: Sendable { case textStart, textEnd, lineStart, lineEnd, wordBoundary, noWordBoundary }

    /// How often the innermost part may be written out.
    var writtenOut: Int {
        switch self {
        case .empty, .scalar, .assertion: 1
        case .sequence(let nodes), .choice(let nodes): nodes.map(\.writtenOut).max() ?? 1
        case .repetition(let node, let min, let max, _): node.writtenOut * Swift.max(1, max ?? min)
        }
    }
}

/// Which scalars one place of a pattern takes.
struct ScalarClass: Sendable {
    var set: ScalarSet
    var isNegated = false
    var ignoresCase = false

    func contains(_ scalar: UInt32) -> Bool {
        if set.contains(scalar) { return !isNegated }
        guard ignoresCase else { return isNegated }
        return CaseFolding.variants(of: scalar).contains { set.contains($0) } != isNegated
    }
}

/// Scalars as ranges in ascending order.
struct ScalarSet: Hashable, Sendable {
    private(set) var ranges: [ClosedRange<UInt32>]

    static let last: UInt32 = 0x10ffff
    static let all = ScalarSet([0...last])

    init(_ ranges: [ClosedRange<UInt32>]) {
        self.ranges = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let before = self.ranges.last, range.lowerBound <= before.upperBound &+ 1 {
                self.ranges[self.ranges.count - 1] = before.lowerBound...max(before.upperBound, range.upperBound)
            } else {
                self.ranges.append(range)
            }
        }
    }

    func contains(_ scalar: UInt32) -> Bool {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < scalar { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].contains(scalar)
    }

    func union(_ other: ScalarSet) -> ScalarSet { ScalarSet(ranges + other.ranges) }

    var inverted: ScalarSet {
        var gaps: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges {
            if range.lowerBound > next { gaps.append(next...(range.lowerBound - 1)) }
            next = range.upperBound + 1
        }
        if next <= Self.last { gaps.append(next...Self.last) }
        return ScalarSet(gaps)
    }
}

/// Letters that differ in case only.
enum CaseFolding {
    static func variants(of scalar: UInt32) -> [UInt32] {
        guard let unicode = Unicode.Scalar(scalar) else { return [] }
        if unicode.isASCII {
            switch scalar {
            // Two letters outside ASCII belong to k and s: the kelvin sign and the long s.
            case 0x6b, 0x4b: return [scalar ^ 0x20, 0x212a]
            case 0x73, 0x53: return [scalar ^ 0x20, 0x17f]
            case 0x41...0x5a, 0x61...0x7a: return [scalar ^ 0x20]
            default: return []
            }
        }
        let texts = [unicode.properties.lowercaseMapping, unicode.properties.uppercaseMapping]
        return texts.compactMap { $0.unicodeScalars.count == 1 ? $0.unicodeScalars.first?.value : nil }
    }
}
