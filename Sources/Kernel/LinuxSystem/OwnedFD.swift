import Glibc

/// A file descriptor with exactly one owner, closed at the end of its scope.
package struct OwnedFD: ~Copyable, Sendable {
    package let rawValue: CInt

    /// Takes ownership of an open descriptor.
    package init(adopting rawValue: CInt) {
        precondition(rawValue >= 0, "a descriptor is not negative")
        self.rawValue = rawValue
    }

    /// Closes now, to see the error that `deinit` must swallow. Not retried on `EINTR`: the number is already free.
    package consuming func close() throws(Errno) {
        let fd = rawValue
        discard self
        if Glibc.close(fd) != 0 { throw Errno.current }
    }

    /// Gives the descriptor up without closing it; the caller owns the number.
    package consuming func release() -> CInt {
        let fd = rawValue
        discard self
        return fd
    }

    /// A second descriptor of the same open file, close-on-exec.
    package func duplicate() throws(Errno) -> OwnedFD {
        let copy = fcntl(rawValue, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw Errno.current }
        return OwnedFD(adopting: copy)
    }

    deinit { _ = Glibc.close(rawValue) }
}
