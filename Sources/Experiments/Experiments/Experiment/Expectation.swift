/// What is to be true of a run.
package struct Expectation: Sendable {
    package enum Claim: Sendable {
        /// It comes so often, from `after`'s first time on and within so long from there.
        case happens(HappeningPattern, times: ClosedRange<Int>, after: HappeningPattern?, within: Duration?)
        case order([HappeningPattern])
        case restarts(container: String, ClosedRange<Int>)
        case starts(container: String, [Duration])
        /// Ready, or not, all the time from the one to the other.
        case readiness(Bool, from: Duration, to: Duration)
        case phase(String)
    }
    package var claim: Claim
    package var pod: String
    /// As people read it.
    package var text: String

    package struct Result: Sendable, Hashable {
        package var text: String
        package var passed: Bool
        /// What was found instead.
        package var found: String
    }

    /// - Parameter tolerance: So much later than expected is in time.
    package func judge(_ outcome: RunOutcome, tolerance: Duration = .zero) -> Result {
        let own = outcome.happenings.filter { $0.pod == pod }
        switch claim {
        case .happens(let pattern, let times, let after, let within):
            return happens(own, pattern, times, after, within.map { $0 + tolerance })
        case .order(let patterns): return order(own, patterns)
        case .restarts(let container, let range):
            let count = outcome.restarts(pod, container)
            return Result(text: text, passed: range.contains(count), found: "\(count) restarts")
        case .starts(let container, let expected):
            let starts = outcome.starts(pod, container)
            let found = starts.map { ShortTime.text($0) }.joined(separator: ", ")
            // Real starts come later the more there were before: each by no more than the tolerance since the one before it.
            let isRight =
                starts.count >= expected.count
                && zip(starts, expected).enumerated().allSatisfy { index, pair in
                    pair.0 >= pair.1 && pair.0 <= pair.1 + tolerance * (index + 1)
                }
            return Result(text: text, passed: isRight, found: "started at \(found)")
        case .readiness(let wanted, let from, let to):
            return readiness(outcome, wanted, from + tolerance, max(from + tolerance, to - tolerance))
        case .phase(let phase):
            let found = outcome.statuses[pod]?.phase ?? "gone"
            return Result(text: text, passed: found == phase, found: "phase \(found)")
        }
    }

    private func happens(
        _ own: [Happening], _ pattern: HappeningPattern, _ times: ClosedRange<Int>, _ after: HappeningPattern?, _ within: Duration?
    ) -> Result {
        var begin = Duration.zero
        if let after {
            guard let first = own.first(where: after.matches) else {
                return Result(text: text, passed: false, found: "\"\(after)\" never happened")
            }
            begin = first.at
        }
        let matching = own.filter { pattern.matches($0) && $0.at >= begin }
        let inTime = matching.filter { happening in within.map { happening.at - begin <= $0 } ?? true }
        let places = matching.prefix(5).map { ShortTime.text($0.at) }.joined(separator: ", ")
        let found =
            matching.isEmpty
            ? "it never happened" : "\(inTime.count) times in time; it happened at \(places)\(matching.count > 5 ? ", …" : "")"
        return Result(text: text, passed: times.contains(inTime.count), found: found)
    }

    private func order(_ own: [Happening], _ patterns: [HappeningPattern]) -> Result {
        var rest = own[...]
        for pattern in patterns {
            guard let index = rest.firstIndex(where: pattern.matches) else {
                return Result(text: text, passed: false, found: "\"\(pattern)\" did not come in its turn")
            }
            rest = rest[(index + 1)...]
        }
        return Result(text: text, passed: true, found: "in this order")
    }

    private func readiness(_ outcome: RunOutcome, _ wanted: Bool, _ from: Duration, _ to: Duration) -> Result {
        let windows = outcome.readiness(pod)
        let found =
            windows.isEmpty
            ? "never ready" : "ready " + windows.map { "\(ShortTime.text($0.from))–\(ShortTime.text($0.to))" }.joined(separator: ", ")
        let passed =
            wanted
            ? windows.contains { $0.from <= from && $0.to >= min(to, outcome.length) } : !windows.contains { $0.from < to && $0.to > from }
        return Result(text: text, passed: passed, found: found)
    }
}
