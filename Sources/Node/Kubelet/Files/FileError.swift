private import Glibc

/// A file operation that the kernel refused: `mkdir /var/lib/x: Permission denied`.
package struct FileError: Error, Sendable, Hashable, CustomStringConvertible {
    package let operation: String
    package let errno: Int32

    package init(_ operation: String, errno: Int32) {
        self.operation = operation
        self.errno = errno
    }

    /// With the error of the system call just made.
    static func last(_ operation: String) -> FileError { FileError(operation, errno: Glibc.errno) }

    package var description: String { "\(operation): \(unsafe String(cString: strerror(errno)))" }
}
