/// A flat keyed file of the kernel: lines `KEY VALUE`, as in `memory.events`. Looked up by walking: there are few lines, read once.
struct FlatKeyed {
    private let lines: [Substring]

    init(_ text: String) {
        lines = text.split(separator: "\n")
    }

    /// The number after a key; `nil` when this kernel has no such line.
    subscript(key: String) -> UInt64? {
        for line in lines where line.hasPrefix(key) {
            let rest = line.dropFirst(key.count)
            if rest.first == " " { return UInt64(rest.dropFirst()) }
        }
        return nil
    }
}

/// The number of a single-value file; `nil` for `max` and for text that is no number.
func singleValue(_ text: String) -> UInt64? {
    UInt64(text.split(separator: "\n").first ?? "")
}
