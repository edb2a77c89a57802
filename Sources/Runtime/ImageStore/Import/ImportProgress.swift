/// How far an import has come.
package struct ImportProgress: Sendable, Hashable {
    package enum Phase: Sendable, Hashable {
        /// Looking at what kind of image it is.
        case detecting
        /// Asking a registry what a name stands for.
        case resolving
        /// Fetching layers from a registry; the bytes are those of all layers that were missing.
        case downloading
        /// Sending layers to a registry.
        case uploading
        /// Copying content into the store.
        case reading
        /// Unpacking layer `number` of `count`, from 1.
        case unpacking(layer: Int, count: Int)
        /// Writing everything to disk and into the index.
        case finishing
        /// Something was left out; one line.
        case note(String)
    }

    package var phase: Phase
    package var completedBytes: Int64
    /// nil when it is not known.
    package var totalBytes: Int64?
}

/// Called on the importing thread, at most once per 256 KiB.
package typealias ImportObserver = (ImportProgress) -> Void
