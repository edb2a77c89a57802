/// When a simulated program is well, in the seconds since its start: `ok`, `fail 0s-30s`, `slow 10s-20s 3s`, `fail 30%`; several are separated by
/// commas, and the first that holds at a time counts.
package struct HealthPattern: Sendable, Hashable {
    package enum State: Sendable, Hashable {
        case well, sick
        /// Answers well, but after so long.
        case slow(Duration)
    }
    private struct Part: Sendable, Hashable {
        var state: State
        var from: Duration
        /// nil: for ever.
        var to: Duration?
        /// Of the attempts that it holds for, in 0...1.
        var share: Double
    }
    private var parts: [Part] = []

    package static let healthy = HealthPattern()

    private init() {}

    /// - Throws: ``PatternError``: what is wrong, and what would be right.
    package init(parsing text: String) throws(PatternError) {
        for part in text.split(separator: ",") { parts.append(try Self.part(part.split(separator: " ").map(String.init))) }
    }

    private static func part(_ words: [String]) throws(PatternError) -> Part {
        guard let word = words.first else { throw PatternError("an empty part: write ok, fail 0s-30s, slow 10s-20s 3s or fail 30%") }
        var part = Part(state: .well, from: .zero, to: nil, share: 1)
        var rest = words.dropFirst()
        switch word {
        case "ok": part.state = .well
        case "fail": part.state = .sick
        case "slow":
            guard let text = rest.last, let delay = SpanText.parse(text) else {
                throw PatternError("slow needs how long an answer takes, last: slow 10s-20s 3s")
            }
            part.state = .slow(delay)
            rest = rest.dropLast()
        default: throw PatternError("\"\(word)\" is no state: write ok, fail or slow")
        }
        for word in rest {
            if word.hasSuffix("%") {
                guard let percent = Double(word.dropLast()), (0...100).contains(percent) else {
                    throw PatternError("\"\(word)\" must be 0% to 100%")
                }
                part.share = percent / 100
            } else {
                (part.from, part.to) = try window(word)
            }
        }
        return part
    }

    /// `10s-20s`, `10s-`
    private static func window(_ word: String) throws(PatternError) -> (Duration, Duration?) {
        let ends = word.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard ends.count == 2, let from = SpanText.parse(ends[0]) else {
            throw PatternError("\"\(word)\" is no window: write 10s-20s, or 10s- for ever after")
        }
        if ends[1].isEmpty { return (from, nil) }
        guard let to = SpanText.parse(ends[1]), to > from else { throw PatternError("\"\(word)\" must end after it begins") }
        return (from, to)
    }

    /// - Parameters:
    ///   - time: Since the program's start.
    ///   - chance: 0..<1, for what holds only sometimes.
    package func state(at time: Duration, chance: Double) -> State {
        parts.first { $0.from <= time && ($0.to.map { time < $0 } ?? true) && chance < $0.share }?.state ?? .well
    }
}

package struct PatternError: Error, Sendable, Hashable, CustomStringConvertible {
    package var description: String
    init(_ description: String) { self.description = description }
}

/// `500ms`, `1.5s`, `1h30m`; `0` needs no unit.
enum SpanText {
    static func parse(_ text: String) -> Duration? {
        if text == "0" { return .zero }
        let units: [String: Double] = ["ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400]
        var rest = text[...]
        var total = 0.0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let number = rest.prefix { $0.isNumber || $0 == "." }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let value = Double(number), let factor = units[String(unit)] else { return nil }
            total += value * factor
        }
        return .microseconds(Int64((total * 1_000_000).rounded()))
    }
}

/// A pure function of its inputs: the same in every order of questions.
enum Chance {
    /// 0..<1.
    static func value(_ seed: UInt64, _ text: String) -> Double {
        var hash: UInt64 = 14_695_981_039_346_656_037 ^ (seed &* 0x9E37_79B9_7F4A_7C15)
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211 }
        // SplitMix64's finish: nearby inputs lead far apart.
        hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
        return Double((hash ^ (hash >> 31)) >> 11) / Double(1 << 53)
    }
}
