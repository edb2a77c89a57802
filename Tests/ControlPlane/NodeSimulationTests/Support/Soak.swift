import Glibc

/// Whether there is time: `make soak` sets SWIFTLET_SOAK.
enum Soak {
    static let isOn = getenv("SWIFTLET_SOAK") != nil
    /// Of a test with seeds: how many, and which is the first.
    static func seeds(_ count: Int) -> ClosedRange<UInt64> {
        let first = number("SWIFTLET_SEED") ?? 1
        return first...(first + (isOn ? number("SWIFTLET_SOAK") ?? 1000 : UInt64(count)) - 1)
    }
    private static func number(_ name: String) -> UInt64? { getenv(name).flatMap { UInt64(String(cString: $0)) } }
}
