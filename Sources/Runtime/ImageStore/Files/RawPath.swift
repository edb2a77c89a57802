/// A file name, a relative path or a symlink's text as the kernel has it: bytes that need not be UTF-8, without NUL.
struct RawPath: Hashable, Sendable, CustomStringConvertible, ExpressibleByStringInterpolation {
    /// The bytes and a NUL, ready for system calls.
    let cString: [CChar]

    /// - Parameter bytes: No byte of it is 0.
    init(bytes: some Sequence<UInt8>) {
        var cString = bytes.map { CChar(bitPattern: $0) }
        precondition(!cString.contains(0), "a path contains no NUL")
        cString.append(0)
        self.cString = cString
    }

    init(_ text: some StringProtocol) { self.init(bytes: text.utf8) }
    init(stringLiteral text: String) { self.init(bytes: text.utf8) }

    /// The bytes without the NUL.
    var bytes: [UInt8] { cString.dropLast().map(UInt8.init(bitPattern:)) }

    /// The text for messages; bytes that are not UTF-8 are replaced.
    var description: String { String(decoding: bytes, as: UTF8.self) }
}
