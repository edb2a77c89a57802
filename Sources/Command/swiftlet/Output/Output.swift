internal import Glibc

/// Writes whole strings to stdout and stderr. Unlike `print`, it does not buffer and copes with short writes.
enum Output {
    static func print(_ line: String) { write(line.hasSuffix("\n") ? line : line + "\n", to: 1) }
    static func warn(_ line: String) { write(line.hasSuffix("\n") ? line : line + "\n", to: 2) }

    static func write(_ text: String, to descriptor: CInt) { write(Array(text.utf8), to: descriptor) }

    /// Returns early when the reader is gone.
    static func write(_ bytes: [UInt8], to descriptor: CInt) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { return }
            rest = rest.dropFirst(written)
        }
    }

    /// Whether colour and progress belong on a descriptor: a terminal, and no `NO_COLOR` (no-color.org).
    static func isDecorated(_ descriptor: CInt) -> Bool {
        guard isatty(descriptor) == 1 else { return false }
        guard let noColor = unsafe getenv("NO_COLOR") else { return true }
        return unsafe noColor.pointee == 0
    }
}
