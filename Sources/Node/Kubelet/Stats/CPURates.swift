internal import CRI
import Synchronization

/// Makes use per second of counters that only grow, from one look to the next.
final class CPURates: Sendable {
    private struct Entry {
        var last: CPUUsage
        var rate: UInt64?
    }
    /// Looks closer together than this give no new rate: the error would be larger than the figure.
    static let leastInterval: Int64 = 500_000_000
    /// What was not looked at for so long is forgotten.
    private static let forgetAfter: Int64 = 600_000_000_000

    private let entries = Mutex<[String: Entry]>([:])

    /// - Parameter key: Of what uses; another instance must have another key.
    /// - Returns: Nanoseconds of CPU time per second since the look before; nil at the first look.
    func rate(_ key: String, _ usage: CPUUsage) -> UInt64? {
        entries.withLock { entries in
            guard let entry = entries[key] else {
                entries[key] = Entry(last: usage, rate: nil)
                forgetOld(&entries, at: usage.timestamp)
                return nil
            }
            let interval = usage.timestamp - entry.last.timestamp
            guard interval >= Self.leastInterval else { return entry.rate }
            let rate = Self.rate(from: entry.last, to: usage)
            entries[key] = Entry(last: usage, rate: rate)
            return rate
        }
    }

    static func rate(from old: CPUUsage, to new: CPUUsage) -> UInt64? {
        let interval = new.timestamp - old.timestamp
        guard interval > 0, new.usageCoreNanoSeconds >= old.usageCoreNanoSeconds else { return nil }
        let used = new.usageCoreNanoSeconds - old.usageCoreNanoSeconds
        return UInt64(Double(used) / Double(interval) * 1e9)
    }

    private func forgetOld(_ entries: inout [String: Entry], at now: Int64) {
        guard entries.count > 1024 else { return }
        entries = entries.filter { now - $0.value.last.timestamp < Self.forgetAfter }
    }
}
