/// An operating system and processor in Go's words: `linux/amd64`, `linux/arm/v7`.
struct Platform: Hashable, CustomStringConvertible {
    var os: String
    var architecture: String
    var variant: String?

    var description: String { "\(os)/\(architecture)" + (variant.map { "/\($0)" } ?? "") }

    #if arch(x86_64)
        static let host = Platform(os: "linux", architecture: "amd64")
    #elseif arch(arm64)
        static let host = Platform(os: "linux", architecture: "arm64", variant: "v8")
    #elseif arch(riscv64)
        static let host = Platform(os: "linux", architecture: "riscv64")
    #else
        static let host = Platform(os: "linux", architecture: "unknown")
    #endif

    /// How well an image for this platform runs on the host: nil not at all, more is better.
    ///
    /// amd64's v2 to v4 need processor features that not every host has, so the plain one is preferred and these are refused.
    var suitability: Int? {
        guard os == Self.host.os, architecture == Self.host.architecture else { return nil }
        if variant == Self.host.variant { return 2 }
        if variant == nil { return 1 }
        return architecture == "amd64" && variant == "v1" ? 1 : nil
    }
}
