internal import Glibc

/// The short name that kernel objects of an instance bear: `swiftlet` for the default run directory, else `swl-` and a hash of it.
enum InstanceName {
    static let defaultRunDirectory = "/run/swiftlet"

    static func derive(runDirectory: String) -> String {
        guard runDirectory != defaultRunDirectory else { return "swiftlet" }
        // FNV-1a, 32 bits: a name, not a secret.
        let hash = runDirectory.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
        let hex = String(hash, radix: 16)
        return "swl-" + String(repeating: "0", count: 8 - hex.count) + hex
    }

    /// An absolute path without `.` components and repeated slashes, so that one directory has one name.
    static func absolute(_ path: String) -> String {
        var directory = [CChar](repeating: 0, count: Int(PATH_MAX))
        _ = unsafe getcwd(&directory, directory.count)  // empty when it was removed: the path then fails by itself
        let working = String(decoding: directory.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        let whole = path.hasPrefix("/") ? path : working + "/" + path
        return "/" + whole.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }
}
