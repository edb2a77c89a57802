internal import Glibc

/// Why a control plane could not be started, in one line.
package struct ControlPlaneError: Error, CustomStringConvertible {
    /// What a caller may branch on.
    package enum Kind: Sendable {
        /// A value of the configuration.
        case invalid
        /// Another process has the data directory or its store.
        case inUse
        /// Another process listens there.
        case addressInUse
        /// The user may not: a directory, a file, a port below 1024.
        case notPermitted
        case failed
    }

    package let description: String
    package let kind: Kind

    init(_ description: String, kind: Kind = .failed) {
        self.description = description
        self.kind = kind
    }

    /// A failed system call: `open /var/lib/x/server.lock: Permission denied`.
    static func system(_ operation: String, _ number: CInt) -> ControlPlaneError {
        let text = unsafe strerror(number).map { unsafe String(cString: $0) } ?? "errno \(number)"
        let kind: Kind =
            switch number {
            case EADDRINUSE: .addressInUse
            case EACCES, EPERM: .notPermitted
            default: .failed
            }
        return ControlPlaneError("\(operation): \(text)", kind: kind)
    }
}
