import Glibc

/// An error number of the kernel or libc, errno(3).
package struct Errno: Error, Hashable, Sendable, RawRepresentable, CustomStringConvertible {
    package let rawValue: CInt
    package init(rawValue: CInt) { self.rawValue = rawValue }

    /// The calling thread's errno. Read it in the statement after the call that failed.
    package static var current: Errno { Errno(rawValue: Glibc.errno) }

    /// The text of strerror(3), for example `Device or resource busy`.
    package var description: String {
        // The Glibc module has the XSI strerror_r, which is thread-safe and returns an error number.
        var text = [CChar](repeating: 0, count: 256)
        guard unsafe strerror_r(rawValue, &text, text.count) == 0 else { return "errno \(rawValue)" }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

extension Errno {
    package static let notPermitted = Errno(rawValue: EPERM)
    package static let noSuchFile = Errno(rawValue: ENOENT)
    package static let noSuchProcess = Errno(rawValue: ESRCH)
    package static let interrupted = Errno(rawValue: EINTR)
    package static let badDescriptor = Errno(rawValue: EBADF)
    package static let wouldBlock = Errno(rawValue: EAGAIN)
    package static let accessDenied = Errno(rawValue: EACCES)
    package static let busy = Errno(rawValue: EBUSY)
    package static let exists = Errno(rawValue: EEXIST)
    package static let crossDevice = Errno(rawValue: EXDEV)
    package static let noDevice = Errno(rawValue: ENODEV)
    package static let notDirectory = Errno(rawValue: ENOTDIR)
    package static let isDirectory = Errno(rawValue: EISDIR)
    package static let invalidArgument = Errno(rawValue: EINVAL)
    package static let noSpace = Errno(rawValue: ENOSPC)
    package static let readOnlyFileSystem = Errno(rawValue: EROFS)
    package static let notEmpty = Errno(rawValue: ENOTEMPTY)
    package static let tooManyLinks = Errno(rawValue: ELOOP)
    package static let noData = Errno(rawValue: ENODATA)
    package static let notSupported = Errno(rawValue: EOPNOTSUPP)
    package static let notImplemented = Errno(rawValue: ENOSYS)
    package static let timedOut = Errno(rawValue: ETIMEDOUT)
    package static let addressInUse = Errno(rawValue: EADDRINUSE)
    package static let protocolNotSupported = Errno(rawValue: EPROTONOSUPPORT)
    package static let connectionRefused = Errno(rawValue: ECONNREFUSED)
}
