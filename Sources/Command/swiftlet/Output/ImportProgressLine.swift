internal import ImageStore
import Synchronization

/// One line of progress on a terminal, rewritten in place; nothing elsewhere.
final class ImportProgressLine: Sendable {
    private let isShown = Output.isDecorated(2)
    private let last = Mutex("")

    func show(_ progress: ImportProgress) {
        guard isShown else { return }
        var line = "\(progress.phase)"
        if let total = progress.totalBytes, total > 0 {
            line += " \(progress.completedBytes * 100 / total)% of \(ByteCount.text(total))"
        }
        last.withLock { last in
            guard line != last else { return }
            last = line
            Output.write("\r\u{1B}[K\(line)", to: 2)
        }
    }

    func clear() { last.withLock { if isShown, !$0.isEmpty { Output.write("\r\u{1B}[K", to: 2) } } }
}

/// Bytes for people: `4.2MB`, in powers of 1000 as docker prints them.
enum ByteCount {
    static func text(_ bytes: Int64) -> String {
        var value = Double(bytes)
        for unit in ["B", "kB", "MB", "GB"] {
            if value < 1000 || unit == "GB" {
                let tenths = Int((value * 10).rounded())
                return unit == "B" || tenths >= 1000 ? "\(Int(value.rounded()))\(unit)" : "\(tenths / 10).\(tenths % 10)\(unit)"
            }
            value /= 1000
        }
        return "\(bytes)B"
    }
}
