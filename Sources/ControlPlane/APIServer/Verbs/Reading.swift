internal import APIMachinery
internal import Storage

/// What the verbs read, out of memory.
extension APIServer {
    func item(_ location: StorageLocation, _ key: String) async throws(Status) -> StoredItem? {
        do throws(StorageError) {
            return try await view.read(location) { part, _ in part.index[key] }
        } catch {
            throw Status(error, "read \(key)")
        }
    }

    func items(_ location: StorageLocation, prefix: String) async throws(Status) -> [StoredItem] {
        let (index, _) = try await snapshot(location)
        var items: [StoredItem] = []
        _ = index.forEach(prefix: prefix, after: nil) {
            items.append($0)
            return true
        }
        return items
    }

    /// All objects of a resource as they are now, and the revision of that.
    func snapshot(_ location: StorageLocation) async throws(Status) -> (index: KeyIndex<StoredItem>, revision: Int64) {
        do throws(StorageError) {
            return try await view.read(location) { part, revision in (part.index, revision) }
        } catch {
            throw Status(error, "read \(location.prefix)")
        }
    }

    /// Waits until a revision has been, as long as the configuration says.
    func waitForRevision(_ revision: Int64) async throws(Status) {
        guard revision > view.revision else { return }
        let step = Duration.milliseconds(50)
        var waited = Duration.zero
        while view.revision < revision, waited < configuration.futureWait {
            do { try await configuration.clock.sleep(for: step) } catch { break }
            waited += step
        }
        if view.revision < revision { throw .tooLargeVersion(revision, current: view.revision) }
    }
}
