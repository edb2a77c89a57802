/// The store: a log of revisions over keys in order, with compare-and-swap.
///
/// There is one ever-growing revision for the whole store; every write takes the next. A write is durable when its call returns, and has been
/// handed to every watch and tap before. Keys are `/registry/GROUP/PLURAL[/NAMESPACE]/NAME` and are ordered by their bytes.
/// Two implementations, and one suite of tests for both: memory (simulation) and SQLite.
package protocol StorageBackend: Sendable {
    /// The revision of the last durable write; 0 for a store never written.
    var currentRevision: Int64 { get }
    /// The oldest revision whose state can still be read, and after which a watch can begin.
    var oldestRevision: Int64 { get }

    /// - Parameter revision: nil for now.
    func get(_ key: String, at revision: Int64?) async throws(StorageError) -> StoredObject?

    /// The objects whose keys begin with `prefix`, in the order of their bytes.
    ///
    /// - Parameters:
    ///   - after: Only keys behind this one: how a list goes on.
    ///   - limit: At most so many, at least 1; nil for all.
    ///   - revision: nil for now.
    func list(prefix: String, after: String?, limit: Int?, at revision: Int64?) async throws(StorageError) -> StorageList

    /// How many keys begin with `prefix` now. Costs the same however many there are.
    func count(prefix: String) async throws(StorageError) -> Int

    /// Writes a value.
    ///
    /// - Parameter expiresAfter: The store deletes the key by itself after so long, not before; the deletion is a change like any other. A later
    ///   write without it keeps the object for good.
    /// - Returns: The revision of the write.
    /// - Throws: `conflict` when the precondition does not hold; `full` when the disk is.
    func put(
        _ key: String, _ value: [UInt8], if precondition: Precondition, expiresAfter: Duration?
    ) async throws(StorageError) -> Int64

    /// Deletes a key.
    ///
    /// - Returns: The revision of the deletion.
    /// - Throws: `conflict(current: nil)` when there is no such key.
    func delete(_ key: String, if precondition: Precondition) async throws(StorageError) -> Int64

    /// Changes after a revision, in order, without gap or repeat, in batches that are never empty.
    ///
    /// - Throws: `compacted` when changes after that revision are no longer all kept; `future` when it has not been yet.
    func watch(prefix: String, after revision: Int64) throws(StorageError) -> StorageWatch

    /// Calls `body` with every commit from now on, in order, as soon as it is durable.
    ///
    /// It is called where commits are made: it must be short and must not wait. Not called again after the end of `cancel`, except for a call
    /// that has begun already.
    func observe(_ body: @escaping @Sendable ([StorageEvent]) -> Void) -> StorageObservation

    /// Forgets states before a revision. Values that are still current at that revision stay.
    func compact(before revision: Int64) async throws(StorageError)

    /// Writes a consistent copy of the whole store to a new file, while it is in use. The file appears complete or not at all, mode 0600.
    func snapshot(to path: String) async throws(StorageError)

    /// Ends watches, finishes what was asked for, and gives the files up. Calls after it throw `closed`.
    func close() async
}
