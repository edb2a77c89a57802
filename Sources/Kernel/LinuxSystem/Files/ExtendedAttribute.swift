internal import CLinux
import Glibc

extension Files {
    /// Sets an extended attribute of a file, xattr(7).
    package static func setAttribute(_ name: String, to value: [UInt8], of path: String) throws(SystemError) {
        guard unsafe setxattr(path, name, value, value.count, 0) == 0 else {
            throw SystemError("set attribute \(name) of \(path)", .current)
        }
    }
}
