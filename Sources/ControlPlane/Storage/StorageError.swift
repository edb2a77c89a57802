/// Why the store refused or failed; callers branch on it.
package enum StorageError: Error, Hashable, CustomStringConvertible {
    /// The precondition does not hold; with what is there instead.
    case conflict(current: StoredObject?)
    /// That revision is no longer kept.
    case compacted(oldest: Int64)
    /// That revision has not been yet.
    case future(current: Int64)
    /// No space on the disk; nothing was written.
    case full(String)
    /// A file is damaged: which, what is wrong with it, how to restore.
    case corrupt(String)
    /// Another process has the store open.
    case inUse(String)
    case closed
    /// Any other failure of the backend.
    case failed(String)

    package var description: String {
        switch self {
        case .conflict(nil): "the key does not exist"
        case .conflict(let current?): "the key is at revision \(current.modRevision)"
        case .compacted(let oldest): "the requested revision has been compacted; the oldest one kept is \(oldest)"
        case .future(let current): "the requested revision is in the future; the current one is \(current)"
        case .full(let detail): "no space left for the store: \(detail)"
        case .corrupt(let detail): "the store is damaged: \(detail)"
        case .inUse(let detail): "the store is in use: \(detail)"
        case .closed: "the store is closed"
        case .failed(let detail): detail
        }
    }
}
