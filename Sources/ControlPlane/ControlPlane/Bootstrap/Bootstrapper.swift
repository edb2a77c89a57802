internal import APIMachinery
internal import APIServer
internal import KubernetesAPI
internal import Storage

/// Puts the objects that a cluster begins with into the store, those that are not there yet.
struct Bootstrapper: Sendable {
    let storage: any StorageBackend
    let now: Timestamp

    /// Makes what is missing; what is there stays as it is.
    ///
    /// All are written at once: the store joins them into few commits.
    func makeMissing(_ objects: [BootstrapObject]) async throws(StorageError) {
        try await writeAll(objects) { storage, key, bytes throws(StorageError) in
            do throws(StorageError) {
                _ = try await storage.put(key, bytes, if: .absent, expiresAfter: nil)
            } catch .conflict {
                return
            }
        }
    }

    /// Makes objects or mends them: what matters in them is the server's own. Identity and age stay, and so does an object that is right.
    func makeTrue(_ objects: [BootstrapObject]) async throws(StorageError) {
        for object in objects {
            guard let plural = Self.plural(of: object) else { continue }
            let location = object.location(plural)
            let key = location.key(namespace: object.namespace, name: object.name)
            let current = try await storage.get(key, at: nil)
            guard let current, var json = (try? JSONValue(parsing: current.value))?.objectValue else {
                _ = try await storage.put(key, object.bytes(in: location, now: now), if: .any, expiresAfter: nil)
                continue
            }
            let before = json
            for member in object.object.members where member.key != "metadata" && member.key != "status" { json[member.key] = member.value }
            guard json != before else { continue }
            _ = try await storage.put(key, location.form.bytes(of: json), if: .any, expiresAfter: nil)
        }
    }

    /// Makes the roles and bindings that are missing, and adds to the others what they lack.
    func reconcile(_ roles: [BootstrapObject]) async throws(StorageError) {
        var missing: [BootstrapObject] = []
        for role in roles {
            guard let plural = Self.plural(of: role) else { continue }
            let location = role.location(plural)
            let key = location.key(namespace: role.namespace, name: role.name)
            guard let current = try await storage.get(key, at: nil), let json = (try? JSONValue(parsing: current.value))?.objectValue else {
                missing.append(role)
                continue
            }
            guard let mended = RoleReconciliation.mended(json, role.object) else { continue }
            do throws(StorageError) {
                _ = try await storage.put(key, location.form.bytes(of: mended), if: .revision(current.modRevision), expiresAfter: nil)
            } catch .conflict {
                continue  // another server of this cluster has just done it
            }
        }
        try await makeMissing(missing)
    }

    private func writeAll(
        _ objects: [BootstrapObject],
        _ write: @escaping @Sendable (any StorageBackend, String, [UInt8]) async throws(StorageError) -> Void
    ) async throws(StorageError) {
        let failures = await withTaskGroup(of: StorageError?.self) { group in
            for object in objects {
                guard let plural = Self.plural(of: object) else { continue }
                let location = object.location(plural)
                let key = location.key(namespace: object.namespace, name: object.name)
                let bytes = object.bytes(in: location, now: now)
                let storage = storage
                group.addTask {
                    do throws(StorageError) {
                        try await write(storage, key, bytes)
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            return await group.reduce(into: [StorageError]()) { if let failure = $1 { $0.append(failure) } }
        }
        if let failure = failures.first { throw failure }
    }

    /// nil for a kind that is not served.
    private static func plural(of object: BootstrapObject) -> String? { plurals["\(object.group)/\(object.kind)"] }

    private static let plurals = Dictionary(
        ServedResource.builtIn.map { ("\($0.kind.group)/\($0.kind.kind)", $0.plural) }
    ) { first, _ in first }
}
