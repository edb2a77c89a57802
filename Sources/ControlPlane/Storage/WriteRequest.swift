/// One write that somebody waits for.
package struct WriteRequest: Sendable {
    package enum Change: Sendable {
        /// - expiresAt: Milliseconds since 1970; nil for never.
        case put([UInt8], expiresAt: Int64?)
        case delete
    }
    package var key: String
    package var change: Change
    package var precondition: Precondition

    package init(key: String, change: Change, precondition: Precondition) {
        self.key = key
        self.change = change
        self.precondition = precondition
    }

    /// What the write would do to the key as it is: nil when the precondition forbids it.
    package func kind(given current: KeyEntry?) -> StorageEvent.Kind? {
        switch precondition {
        case .absent: guard current == nil else { return nil }
        case .present: guard current != nil else { return nil }
        case .revision(let revision): guard current?.modRevision == revision else { return nil }
        case .any: break
        }
        switch change {
        case .put: return current == nil ? .created : .updated
        case .delete: return current == nil ? nil : .deleted
        }
    }
}
