/// What an import may cost at most. An image beyond it is refused.
package struct ImageLimits: Sendable, Hashable {
    /// Bytes of all layers of one import, unpacked, holes of sparse files included.
    package var unpackedBytes: Int64 = 128 << 30
    /// Entries of all layers of one import.
    package var entries = 8_000_000
    /// Bytes of one manifest, index or config. The OCI distribution specification asks for 4 MiB at least.
    package var metadataBytes = 4 << 20
    /// overlayfs stacks 500 layers (OVL_MAX_STACK).
    package var layers = 500

    package init() {}

    /// Bytes of one layer's tar stream: the content, and headers and padding around it.
    var layerStreamBytes: Int64 { unpackedBytes.addingReportingOverflow(Int64(entries) * 4096).partialValue }
}

/// What is left of the limits during one import.
struct UnpackBudget {
    private let limits: ImageLimits
    private(set) var unpackedBytes: Int64 = 0
    private(set) var entries = 0

    init(_ limits: ImageLimits) { self.limits = limits }

    mutating func takeEntry() throws(ImageError) {
        entries += 1
        guard entries <= limits.entries else {
            throw .refused("the image has more than \(limits.entries) files, the limit")
        }
    }

    mutating func take(bytes: Int64) throws(ImageError) {
        let (sum, overflow) = unpackedBytes.addingReportingOverflow(bytes)
        guard !overflow, sum <= limits.unpackedBytes else {
            throw .refused("the image is larger than \(limits.unpackedBytes) bytes unpacked, the limit")
        }
        unpackedBytes = sum
    }
}
