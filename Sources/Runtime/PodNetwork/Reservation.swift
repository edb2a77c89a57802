/// Who has a pod address.
enum Reservation: Hashable, Sendable {
    case sandbox(String)
    /// Prepared by a process's pool and not yet given to a sandbox.
    case ready(process: Int32)
    /// Given back; to be reused when the kernel has dropped the link.
    case releasing
}

extension Reservation: CustomStringConvertible, LosslessStringConvertible {
    /// As it stands on disk: `sandbox:ID`, `ready:PID`, `releasing:`.
    var description: String {
        switch self {
        case .sandbox(let id): "sandbox:\(id)"
        case .ready(let process): "ready:\(process)"
        case .releasing: "releasing:"
        }
    }

    init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        switch (parts[0], String(parts[1])) {
        case ("sandbox", let id): self = .sandbox(id)
        case ("ready", let text):
            guard let process = Int32(text) else { return nil }
            self = .ready(process: process)
        case ("releasing", ""): self = .releasing
        default: return nil
        }
    }
}
