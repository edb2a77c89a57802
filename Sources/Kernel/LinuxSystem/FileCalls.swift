internal import CLinux

extension OwnedFD {
    /// Clears the immutable and append-only flags of chattr(1), which forbid even root to remove a file.
    ///
    /// - Returns: Whether one of them was set.
    package func clearImmutable() throws(Errno) -> Bool {
        let result = clinux_clear_immutable(rawValue)
        guard result >= 0 else { throw Errno.current }
        return result == 1
    }

    /// Writes everything of the file system that holds this file to disk, syncfs(2).
    package func syncFileSystem() throws(Errno) {
        if clinux_syncfs(rawValue) != 0 { throw Errno.current }
    }
}
