/// A system call that failed: what was tried, on what, with which value, and why.
///
/// Reads as one line: `write "50000 100000" to /sys/fs/cgroup/x/cpu.max: Device or resource busy`.
package struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was tried, on which object, with which value; no trailing punctuation.
    package var operation: String
    package var errno: Errno

    package init(_ operation: String, _ errno: Errno) {
        self.operation = operation
        self.errno = errno
    }

    package var description: String { "\(operation): \(errno)" }
}
