import Synchronization

/// Follows the logs of several containers at once and hands their lines on, container by container in order.
///
/// One thread, asleep while nothing is written.
package final class ContainerLogFollower: Sendable {
    private struct State: ~Copyable {
        var added: [(label: String, path: String)] = []
        var isFinishing = false
    }
    private let state = Mutex(State())
    private let watch: DirectoryWatch

    package init() throws(DirectoryWatch.WatchError) { watch = try DirectoryWatch() }

    /// Begins to follow a log, from its start.
    ///
    /// - Parameter path: The file `<N>.log`; its directory must exist.
    package func add(label: String, path: String) throws(DirectoryWatch.WatchError) {
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        try watch.add(directory: directory)
        state.withLock { $0.added.append((label, path)) }
        watch.wake()
    }

    /// Reads what is there and ends `run`.
    package func finish() {
        state.withLock { $0.isFinishing = true }
        watch.wake()
    }

    /// Hands on lines until `finish`. Blocks: call it on a thread of its own.
    package func run(_ deliver: (_ label: String, ContainerLogLine) -> Void) {
        var followed: [Followed] = []
        while true {
            let (added, isFinishing) = state.withLock { state in
                defer { state.added = [] }
                return (state.added, state.isFinishing)
            }
            followed += added.map { Followed(label: $0.label, path: $0.path) }
            for one in followed { one.cursor.drain { deliver(one.label, $0) } }
            if isFinishing { return }
            watch.wait(timeoutMilliseconds: -1)
        }
    }

    /// A box, because arrays hold no noncopyable values.
    private final class Followed {
        let label: String
        var cursor: ContainerLogCursor
        init(label: String, path: String) {
            self.label = label
            cursor = ContainerLogCursor(path: path)
        }
    }
}
