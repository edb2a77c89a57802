internal import Glibc

/// A place in a container's log file. Reads on from there, over rotations.
package struct ContainerLogCursor: ~Copyable {
    package let path: String
    private var descriptor: CInt = -1
    private var inode: ino_t = 0
    /// The start of a line whose end is not written yet.
    private var unfinished: [UInt8] = []

    /// - Parameter path: The current log, `…/<restartCount>.log`; it may not exist yet.
    package init(path: String) { self.path = path }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Reads what has been written since the last call, complete lines only, in order.
    /// A rotated file is read to its end before its successor is begun.
    package mutating func drain(_ line: (ContainerLogLine) -> Void) {
        while true {
            if descriptor < 0, !openCurrent() { return }
            readToEnd(line)
            guard isReplaced() else { return }
            readToEnd(line)  // what was written between the last read and the rename
            close(descriptor)
            descriptor = -1
        }
    }

    private mutating func openCurrent() -> Bool {
        let opened = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else { return false }
        var information = stat()
        guard unsafe fstat(opened, &information) == 0 else {
            close(opened)
            return false
        }
        descriptor = opened
        inode = information.st_ino
        unfinished.removeAll(keepingCapacity: true)
        return true
    }

    /// Whether the path now names another file than the one that is open.
    private func isReplaced() -> Bool {
        var information = stat()
        return unsafe stat(path, &information) == 0 && information.st_ino != inode
    }

    private mutating func readToEnd(_ line: (ContainerLogLine) -> Void) {
        let chunkBytes = 64 << 10
        var more = true
        while more {
            let chunk = unsafe [UInt8](unsafeUninitializedCapacity: chunkBytes) { buffer, count in
                let result = unsafe read(descriptor, buffer.baseAddress, chunkBytes)
                count = max(0, result)
            }
            more = !chunk.isEmpty
            unfinished.append(contentsOf: chunk)
            deliverLines(line)
        }
    }

    private mutating func deliverLines(_ line: (ContainerLogLine) -> Void) {
        var start = unfinished.startIndex
        while let end = unfinished[start...].firstIndex(of: UInt8(ascii: "\n")) {
            if let parsed = ContainerLogLine(parsing: unfinished[start..<end]) { line(parsed) }
            start = end + 1
        }
        if start > unfinished.startIndex { unfinished.removeSubrange(..<start) }
    }
}
