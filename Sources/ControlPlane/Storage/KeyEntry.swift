/// What is known of a present key without its value.
package struct KeyEntry: Keyed, Hashable {
    package var key: String
    package var createRevision: Int64
    package var modRevision: Int64
    /// Milliseconds since 1970; nil for never.
    package var expiresAt: Int64? {
        get { expiry == .max ? nil : expiry }
        set { expiry = newValue ?? .max }
    }
    /// The value itself, in a store that keeps values in memory.
    package var value: [UInt8]?
    /// An optional would take 8 bytes more, a hundred thousand times.
    private var expiry: Int64

    package init(key: String, createRevision: Int64, modRevision: Int64, expiresAt: Int64?, value: [UInt8]? = nil) {
        self.key = key
        self.createRevision = createRevision
        self.modRevision = modRevision
        self.value = value
        expiry = expiresAt ?? .max
    }
}
