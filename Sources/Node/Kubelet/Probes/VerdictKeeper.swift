internal import CRI
import Synchronization

/// Keeps verdicts on disk, so that a new agent need not take a ready container's readiness away until it has asked again.
final class VerdictKeeper: Sendable {
    private struct State {
        var wanted = 0
        var isSaving = false
    }
    private let path: String
    private let node: NodeServices
    private let state = Mutex(State())
    private static let maxBytes = 64 << 10

    init(_ uid: PodUID, _ node: NodeServices) {
        path = node.paths.probes(uid)
        self.node = node
    }

    /// Blocks. What cannot be read is not known.
    func load() -> ProbeVerdicts {
        let bytes = try? PodFiles.read(path, maxBytes: Self.maxBytes)
        return ProbeVerdicts(parsing: String(decoding: (bytes ?? nil) ?? [], as: UTF8.self))
    }

    /// Writes what `text` says soon; of several wishes the latest counts.
    func save(_ text: @escaping @Sendable () -> String) {
        let begins = state.withLock { state in
            state.wanted += 1
            defer { state.isSaving = true }
            return !state.isSaving
        }
        guard begins else { return }
        node.background.start { [self] in
            while true {
                let number = state.withLock { $0.wanted }
                // Without the file the next agent begins as with a new container.
                await node.blocking { [path] in try? PodFiles.replace(path, Array(text().utf8), mode: 0o600) }
                let isDone = state.withLock { state in
                    state.isSaving = state.wanted != number
                    return !state.isSaving
                }
                if isDone { return }
            }
        }
    }
}
