internal import Glibc
package import LinuxSystem

/// A request that the kernel refused, or an answer that cannot be right.
///
/// One line: `add address 10.244.0.2/24 to link 2: File exists (Address already assigned)`.
package struct NetlinkError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was asked for, on which object, with which value.
    package var operation: String
    package var errno: Errno
    /// The kernel's extended acknowledgement, when it gave one.
    package var kernelMessage: String?

    package init(_ operation: String, _ errno: Errno, kernelMessage: String? = nil) {
        self.operation = operation
        self.errno = errno
        self.kernelMessage = kernelMessage
    }

    package var description: String { "\(operation): \(errno)" + (kernelMessage.map { " (\($0))" } ?? "") }

    /// An answer whose lengths contradict each other.
    static func malformed(_ operation: String) -> NetlinkError {
        NetlinkError(operation, Errno(rawValue: EBADMSG), kernelMessage: "malformed netlink message")
    }
}
