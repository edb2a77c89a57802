package import APIMachinery

/// What a probe has seen lately, and how long its attempts took.
package struct ProbeHistory: Sendable, Hashable {
    package struct Attempt: Sendable, Hashable {
        package var time: Timestamp
        package var duration: Duration
        /// `success`, `warning`, `failure` or `error`.
        package var result: String
        package var message: String
        package var verdict: ProbeVerdict
    }
    package struct Counts: Sendable, Hashable {
        package var successful: Int64 = 0
        package var failed: Int64 = 0
        package var unknown: Int64 = 0
    }
    package static let maxAttempts = 64
    private static let maxMessageBytes = 256
    /// Upper bounds in seconds; the last bucket has none.
    package static let bucketSeconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    package var container: String
    package var containerID: String
    package var kind: ProbeKind
    package var period: Duration
    package private(set) var verdict: ProbeVerdict
    package private(set) var verdictTime: Timestamp?
    /// Of this instance of the container.
    package private(set) var counts = Counts()
    /// Attempts by bucket, not cumulated; one more than there are bounds.
    package private(set) var buckets = [Int64](repeating: 0, count: bucketSeconds.count + 1)
    package private(set) var totalDuration = Duration.zero
    /// The latest, oldest first.
    package private(set) var attempts: [Attempt] = []

    init(container: String, containerID: String, _ settings: ProbeSettings, verdict: ProbeVerdict) {
        self.container = container
        self.containerID = containerID
        kind = settings.kind
        period = settings.period
        self.verdict = verdict
    }

    mutating func add(_ outcome: ProbeOutcome, at time: Timestamp, _ duration: Duration, verdict: ProbeVerdict) {
        let (result, message) = outcome.words
        switch outcome {
        case .success, .warning: counts.successful += 1
        case .failure: counts.failed += 1
        case .error: counts.unknown += 1
        }
        let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
        buckets[Self.bucketSeconds.firstIndex { seconds <= $0 } ?? Self.bucketSeconds.count] += 1
        totalDuration += duration
        if verdict != self.verdict { (self.verdict, verdictTime) = (verdict, time) }
        if attempts.count == Self.maxAttempts { attempts.removeFirst() }
        attempts.append(
            Attempt(time: time, duration: duration, result: result, message: message.cut(toBytes: Self.maxMessageBytes), verdict: verdict))
    }

    package var totalCount: Int64 { buckets.reduce(0, +) }
}

extension ProbeOutcome {
    /// A word for machines, and what was said.
    var words: (result: String, message: String) {
        switch self {
        case .success: ("success", "")
        case .warning(let text): ("warning", text)
        case .failure(let text): ("failure", text)
        case .error(let text): ("error", text)
        }
    }
}

extension ProbeHistory {
    package var json: JSONValue {
        var bounds: [JSONValue] = []
        var sum: Int64 = 0
        for (index, count) in buckets.enumerated() {
            sum += count
            let bound: JSONValue = index < Self.bucketSeconds.count ? .string("\(Self.bucketSeconds[index])") : "+Inf"
            bounds.append(["le": bound, "count": .integer(sum)])
        }
        return [
            "container": .string(container), "containerID": .string(ContainerID.text(containerID)), "probe": .string(kind.rawValue),
            "periodMilliseconds": .integer(period.wholeMilliseconds), "verdict": .string(verdict.rawValue),
            "lastTransitionTime": verdictTime.map { .string($0.formatted(fractionDigits: 6)) } ?? .null,
            "successful": .integer(counts.successful), "failed": .integer(counts.failed), "unknown": .integer(counts.unknown),
            "durationSeconds": [
                "count": .integer(totalCount), "sumMicroseconds": .integer(totalDuration.wholeMicroseconds), "buckets": .array(bounds),
            ],
            "attempts": .array(attempts.map(\.json)),
        ]
    }
}

extension ProbeHistory.Attempt {
    var json: JSONValue {
        [
            "time": .string(time.formatted(fractionDigits: 6)), "durationMicroseconds": .integer(duration.wholeMicroseconds),
            "result": .string(result), "message": .string(message), "verdict": .string(verdict.rawValue),
        ]
    }
}

extension Duration {
    var wholeMilliseconds: Int64 { components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000 }
    var wholeMicroseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
}
