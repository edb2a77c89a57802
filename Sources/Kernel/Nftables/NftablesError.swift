package import LinuxSystem

/// A rule set that nftables refused: `nftables: add table inet x: Operation not supported`.
package struct NftablesError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The first command of the transaction, or what was tried instead of one.
    package var operation: String
    /// libnftables' first error, without its source excerpt.
    package var reason: String
    /// The kernel's error where it is known from the text, else nil.
    package var errno: Errno?

    package var description: String { "nftables: \(operation): \(reason)" }

    static let unavailable = NftablesError(operation: "make a libnftables context", reason: "out of memory", errno: nil)

    static func unloadable(_ reason: String) -> NftablesError { NftablesError(operation: "load libnftables", reason: reason, errno: nil) }

    init(operation: String, reason: String, errno: Errno?) {
        (self.operation, self.reason, self.errno) = (operation, reason, errno)
    }

    /// - Parameter messages: What libnftables wrote. Its form is `<where>: Error: <what>: <strerror>`, an excerpt, a line of `^^^`.
    init(commands: String, messages: String, errno: CInt) {
        let command = commands.split(separator: "\n").first.map(String.init) ?? "empty transaction"
        let line = messages.split(separator: "\n").first { $0.contains("Error: ") }.map(String.init)
        let reason = line.map(Self.withoutPlace) ?? (errno == 0 ? "refused without a reason" : Errno(rawValue: errno).description)
        self.init(operation: command, reason: reason, errno: errno == 0 ? nil : Errno(rawValue: errno))
    }

    private static func withoutPlace(_ line: String) -> String {
        let mark = "Error: "
        guard let start = line.firstRange(of: mark)?.upperBound else { return line }
        return String(line[start...])
    }
}
