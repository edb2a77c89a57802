internal import Glibc
import Synchronization

/// Wakes those who wait for files of a directory to change: one inotify(7) descriptor and one thread for all of them.
final class FileChanges: Sendable {
    private struct State {
        var watches: [CInt: [ObjectIdentifier: WakeUp]] = [:]
        var hasThread = false
    }
    private let inotify: CInt
    private let state = Mutex(State())

    static let shared = FileChanges()

    private init() { inotify = inotify_init1(CInt(IN_CLOEXEC)) }

    /// - Returns: A number for `remove`; nil when the directory cannot be watched: then only time tells.
    func add(_ directory: String, _ wakeUp: WakeUp) -> CInt? {
        let mask = UInt32(IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE)
        let needsThread = state.withLock { state in
            defer { state.hasThread = true }
            return !state.hasThread
        }
        if needsThread { startThread() }
        return state.withLock { state in
            let watch = unsafe inotify_add_watch(inotify, directory, mask)
            guard watch >= 0 else { return nil }
            state.watches[watch, default: [:]][ObjectIdentifier(wakeUp)] = wakeUp
            return watch
        }
    }

    func remove(_ watch: CInt, _ wakeUp: WakeUp) {
        state.withLock { state in
            state.watches[watch]?[ObjectIdentifier(wakeUp)] = nil
            guard state.watches[watch]?.isEmpty == true else { return }
            state.watches[watch] = nil
            _ = inotify_rm_watch(inotify, watch)
        }
    }

    private func startThread() {
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(self)
        let failure = unsafe pthread_create(
            &thread, nil,
            { argument in
                if let argument = unsafe argument { unsafe Unmanaged<FileChanges>.fromOpaque(argument).takeUnretainedValue().run() }
                return nil
            }, context.toOpaque())
        if failure == 0 { pthread_detach(thread) } else { state.withLock { $0.hasThread = false } }
    }

    private func run() {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = unsafe read(inotify, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            let changed = Self.watches(in: buffer[..<count])
            let waiting = state.withLock { state in changed.flatMap { state.watches[$0].map { Array($0.values) } ?? [] } }
            for wakeUp in waiting { wakeUp.wake() }
        }
    }

    /// Numbers of the watches in a run of events: struct inotify_event is four words, the first the watch, the last the length of the name behind it.
    private static func watches(in bytes: ArraySlice<UInt8>) -> Set<CInt> {
        func word(_ index: Int) -> UInt32 { bytes[index..<index + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) } }
        var found: Set<CInt> = []
        var index = bytes.startIndex
        while index + 16 <= bytes.endIndex {
            found.insert(CInt(bitPattern: word(index)))
            index += 16 + Int(word(index + 12))
        }
        return found
    }
}
