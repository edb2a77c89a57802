/// What eviction remembers from look to look. A value: times are the caller's.
package struct EvictionState: Sendable {
    package struct Verdict: Sendable, Hashable {
        /// What the node is short of, or was not long ago.
        package var pressures: [EvictionSignal.Pressure]
        /// What has to be acted on, the most urgent first.
        package var toAct: [EvictionThreshold]
    }

    private let thresholds: [EvictionThreshold]
    private let transitionPeriod: Duration
    /// Met for their time; they stay until their minimum is reclaimed.
    private var met: [EvictionThreshold] = []
    private var firstSeen: [EvictionThreshold: Duration] = [:]
    private var lastPressure: [EvictionSignal.Pressure: Duration] = [:]
    private var last: [EvictionSignal: SignalObservation] = [:]

    package init(_ thresholds: [EvictionThreshold], transitionPeriod: Duration) {
        (self.thresholds, self.transitionPeriod) = (thresholds, transitionPeriod)
    }

    /// - Note: The order of steps is that of the kubelet's eviction manager.
    package mutating func observe(_ observations: [EvictionSignal: SignalObservation], now: Duration) -> Verdict {
        let present = thresholds.filter { threshold in
            threshold.isMet(observations, withReclaim: false)
                || met.contains(threshold) && threshold.isMet(observations, withReclaim: true)
        }
        firstSeen = Dictionary(uniqueKeysWithValues: present.map { ($0, firstSeen[$0] ?? now) })
        for threshold in present { lastPressure[threshold.signal.pressure] = now }
        let pressures = EvictionSignal.Pressure.allCases.filter { pressure in
            lastPressure[pressure].map { now - $0 < transitionPeriod } ?? false
        }
        met = present.filter { threshold in firstSeen[threshold].map { now - $0 >= threshold.gracePeriod } ?? false }
        let isNew = { [last] (threshold: EvictionThreshold) in
            guard let time = observations[threshold.signal]?.time, let before = last[threshold.signal]?.time else { return true }
            return time > before
        }
        last = observations
        return Verdict(pressures: pressures, toAct: met.filter(isNew).sorted { $0.signal.urgency < $1.signal.urgency })
    }

    /// Whether nothing is short any more, by whatever time.
    package func isRelieved(_ observations: [EvictionSignal: SignalObservation]) -> Bool {
        !thresholds.contains { $0.isMet(observations, withReclaim: true) }
    }
}

extension EvictionSignal {
    /// Memory first: the kernel would kill somebody.
    fileprivate var urgency: Int { pressure == .memory ? 0 : 1 }
}
