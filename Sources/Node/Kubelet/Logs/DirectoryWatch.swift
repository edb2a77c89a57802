internal import Glibc

/// Changes of files in directories, by inotify(7). Blocks in `wait`; `wake` ends a wait from any thread.
package final class DirectoryWatch: Sendable {
    private let inotify: CInt
    private let wakeReader: CInt
    private let wakeWriter: CInt

    package struct WatchError: Error, Sendable, CustomStringConvertible {
        package var operation: String
        package var errno: CInt
        /// glibc's strerror(3) is thread-safe since 2.32.
        package var description: String { unsafe "\(operation): \(String(cString: strerror(errno)))" }
    }

    package init() throws(WatchError) {
        inotify = inotify_init1(CInt(IN_CLOEXEC) | CInt(IN_NONBLOCK))
        guard inotify >= 0 else { throw WatchError(operation: "inotify_init1", errno: errno) }
        var ends: [CInt] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else {
            let error = errno
            close(inotify)
            throw WatchError(operation: "pipe", errno: error)
        }
        (wakeReader, wakeWriter) = (ends[0], ends[1])
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
    }

    deinit {
        close(inotify)
        close(wakeReader)
        close(wakeWriter)
    }

    /// Watches the files of a directory for writes, creation, renames and removal. Adding it again is harmless.
    package func add(directory: String) throws(WatchError) {
        let mask = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CLOSE_WRITE
        guard unsafe inotify_add_watch(inotify, directory, UInt32(mask)) >= 0 else {
            throw WatchError(operation: "watch \(directory)", errno: errno)
        }
    }

    /// Waits until something changed, `wake` was called or the time is over. What changed is for the caller to look up.
    ///
    /// - Parameter timeoutMilliseconds: -1 waits for ever.
    package func wait(timeoutMilliseconds: CInt) {
        var polled = [
            pollfd(fd: inotify, events: CShort(POLLIN), revents: 0),
            pollfd(fd: wakeReader, events: CShort(POLLIN), revents: 0),
        ]
        _ = unsafe poll(&polled, 2, timeoutMilliseconds)
        empty(inotify)
        empty(wakeReader)
    }

    /// A full pipe wakes as well, so the result does not matter.
    package func wake() {
        var one: UInt8 = 1
        _ = unsafe write(wakeWriter, &one, 1)
    }

    private func empty(_ descriptor: CInt) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while unsafe read(descriptor, &buffer, buffer.count) > 0 {}
    }
}
