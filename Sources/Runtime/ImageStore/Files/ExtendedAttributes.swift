internal import CArchive
import Glibc
import LinuxSystem

/// The name of the attribute by which overlayfs knows an opaque directory.
private let opaqueAttribute = "trusted.overlay.opaque"

extension Directory {
    /// Whether overlayfs shows nothing of the layers below in this directory. Works on an `O_PATH` descriptor too.
    var isOpaque: Bool {
        var value: CChar = 0
        return unsafe getxattr(processPath, opaqueAttribute, &value, 1) == 1 && value == CChar(bitPattern: UInt8(ascii: "y"))
    }

    func makeOpaque() throws(Errno) { try setExtendedAttribute(opaqueAttribute, [UInt8(ascii: "y")], of: nil) }

    /// An attribute of this directory; nil when it has none of that name or a longer one.
    func extendedAttribute(_ name: String, maxBytes: Int) throws(Errno) -> [UInt8]? {
        var value = [UInt8](repeating: 0, count: maxBytes)
        let size = unsafe getxattr(processPath, name, &value, maxBytes)
        if size >= 0 { return Array(value[..<size]) }
        let error = Errno.current
        if error == .noData || error.rawValue == ERANGE { return nil }
        throw error
    }

    /// The attributes of the entry itself, sorted by name; of this directory when `entry` is ".".
    func extendedAttributes(of entry: RawPath) throws(Errno) -> [(name: String, value: [UInt8])] {
        let path = RawPath(bytes: Array("\(processPath)/".utf8) + entry.bytes).cString
        var names = [CChar](repeating: 0, count: 64 << 10)  // XATTR_LIST_MAX
        let length = unsafe llistxattr(path, &names, names.count)
        if length < 0 {
            if Errno.current == .notSupported { return [] }
            throw Errno.current
        }
        var attributes: [(name: String, value: [UInt8])] = []
        for name in names[..<length].split(separator: 0) {
            var value = [UInt8](repeating: 0, count: 64 << 10)  // XATTR_SIZE_MAX
            let size = unsafe lgetxattr(path, Array(name) + [0], &value, value.count)
            if size < 0 { throw Errno.current }
            let text = String(decoding: name.map(UInt8.init(bitPattern:)), as: UTF8.self)
            attributes.append((text, Array(value[..<size])))
        }
        return attributes.sorted { $0.name < $1.name }
    }

    /// Sets an attribute of the entry itself, never of what a symlink points to; of this directory when `entry` is nil.
    func setExtendedAttribute(_ name: String, _ value: [UInt8], of entry: RawPath?) throws(Errno) {
        // The one /proc link names this open directory, so the path has nothing that could be swapped; and the call
        // does not follow its last component.
        let path = processPath + "/"
        guard let entry else { return try check(unsafe setxattr(path, name, value, value.count, 0)) }
        let full = RawPath(bytes: Array(path.utf8) + entry.bytes)
        try check(unsafe lsetxattr(full.cString, name, value, value.count, 0))
    }
}
