// What CRI v1 does by URLs of a streaming server (Exec, Attach, PortForward), in process: channels of bytes instead of an URL.

/// Bytes to and from something that runs, with back-pressure both ways. Called from any thread; nothing here blocks one.
package protocol ByteChannel: AnyObject, Sendable {
    /// The next bytes, never none; nil at the end. One task reads at a time.
    func read() async throws(RuntimeError) -> [UInt8]?
    /// Waits until the other side has room for all of them. One task writes at a time.
    ///
    /// - Throws: When nobody reads any more.
    func write(_ bytes: [UInt8]) async throws(RuntimeError)
    /// No more will be written: the other side reads to its end.
    func finishWriting()
    /// Ends both directions, also for tasks that wait.
    func close()
}

/// Which of a command's or container's streams are wanted.
package struct StreamOptions: Sendable, Hashable {
    package var stdin = false
    package var stdout = false
    package var stderr = false
    /// Of an exec: it gets a terminal. Then there is no stderr. Of an attach: the container has one.
    package var tty = false
    package init() {}
}

package struct TerminalSize: Sendable, Hashable {
    package var rows: UInt16
    package var columns: UInt16
    package init(rows: UInt16, columns: UInt16) {
        self.rows = rows
        self.columns = columns
    }
}

/// The streams of a command that was executed, or of a container that was attached to. Whoever has them closes them.
package struct ContainerStreams: Sendable {
    package var stdin: (any ByteChannel)?
    package var stdout: (any ByteChannel)?
    package var stderr: (any ByteChannel)?
    package var resize: @Sendable (TerminalSize) async throws(RuntimeError) -> Void
    /// Waits for the end of the command, or of the container: its exit code; nil for an attachment.
    package var exit: @Sendable () async throws(RuntimeError) -> Int32?

    package init(
        stdin: (any ByteChannel)? = nil, stdout: (any ByteChannel)? = nil, stderr: (any ByteChannel)? = nil,
        resize: @escaping @Sendable (TerminalSize) async throws(RuntimeError) -> Void,
        exit: @escaping @Sendable () async throws(RuntimeError) -> Int32?
    ) {
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.resize = resize
        self.exit = exit
    }

    package func close() {
        for channel in [stdin, stdout, stderr] { channel?.close() }
    }
}
