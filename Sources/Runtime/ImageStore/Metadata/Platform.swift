/// An operating system and processor in Go's words: `linux/amd64`, `linux/arm/v7`.
package struct Platform: Hashable, Sendable, CustomStringConvertible {
    package var os: String
    package var architecture: String
    package var variant: String?

    package init(os: String, architecture: String, variant: String? = nil) {
        (self.os, self.architecture, self.variant) = (os, architecture, variant)
    }

    /// `linux/arm64`, `linux/arm/v7`, or an architecture alone; nil when it is none of these.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { $0.lowercased() }
        guard (1...3).contains(parts.count), parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(Self.isNameByte) }) else { return nil }
        let names = parts.count == 1 ? ["linux", parts[0]] : parts
        let known = ["x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "armhf": "arm"]
        self.init(os: names[0], architecture: known[names[1]] ?? names[1], variant: names.count == 3 ? names[2] : nil)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }

    package var description: String { "\(os)/\(architecture)" + (variant.map { "/\($0)" } ?? "") }

    #if arch(x86_64)
        package static let host = Platform(os: "linux", architecture: "amd64")
    #elseif arch(arm64)
        package static let host = Platform(os: "linux", architecture: "arm64", variant: "v8")
    #elseif arch(riscv64)
        package static let host = Platform(os: "linux", architecture: "riscv64")
    #else
        package static let host = Platform(os: "linux", architecture: "unknown")
    #endif

    /// How well an image for this platform runs where `wanted` is wanted: nil not at all, more is better.
    ///
    /// amd64's v2 to v4 need processor features that not every machine has, so the plain one is preferred and these are refused unless
    /// they are asked for.
    func suitability(for wanted: Platform = .host) -> Int? {
        guard os == wanted.os, architecture == wanted.architecture else { return nil }
        if variant == wanted.variant { return 2 }
        if variant == nil || wanted.variant == nil && architecture != "amd64" { return 1 }
        return architecture == "amd64" && variant == "v1" ? 1 : nil
    }
}
