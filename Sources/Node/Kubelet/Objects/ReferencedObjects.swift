internal import APIMachinery
internal import CRI
internal import KubernetesAPI
internal import KubernetesClient
import Synchronization

/// Objects of one kind that pods of this node refer to, each kept true by a watch of its own while a pod refers to it: a node may not see
/// others. One that says that it is immutable is not watched.
final class ReferencedObjects<Object: KubernetesObject>: Sendable {
    private struct Entry {
        var users: Set<PodUID> = []
        /// Users that have read it from the server since they came.
        var checked: Set<PodUID> = []
        var object: Object?
        /// Ends the watch; nil: there is none.
        var watch: OneShot<Void>?
    }
    private let entries = Mutex<[ObjectKey: Entry]>([:])
    private let client: Client
    private let background: Background
    private let time: any TimeSource
    /// As messages name the kind: `configmap`.
    private let noun: String
    private let isImmutable: @Sendable (Object) -> Bool
    private let changed: @Sendable (Set<PodUID>) -> Void

    init(
        _ noun: String, _ client: Client, _ background: Background, _ time: any TimeSource,
        isImmutable: @escaping @Sendable (Object) -> Bool, changed: @escaping @Sendable (Set<PodUID>) -> Void
    ) {
        self.noun = noun
        self.client = client
        self.background = background
        self.time = time
        self.isImmutable = isImmutable
        self.changed = changed
    }

    /// How many watches there are.
    var watchCount: Int { entries.withLock { $0.values.count { $0.watch != nil } } }

    /// Says which objects a pod refers to now. Those that no pod refers to any more are let go of.
    func use(_ keys: Set<ObjectKey>, by uid: PodUID) {
        let ended = entries.withLock { entries -> [OneShot<Void>] in
            for key in keys { entries[key, default: Entry()].users.insert(uid) }
            var ended: [OneShot<Void>] = []
            for (key, entry) in entries where entry.users.contains(uid) && !keys.contains(key) {
                entries[key]?.users.remove(uid)
                entries[key]?.checked.remove(uid)
                guard entry.users.count == 1 else { continue }
                if let watch = entry.watch { ended.append(watch) }
                entries[key] = nil
            }
            return ended
        }
        for watch in ended { watch.set(()) }
        for key in keys { watch(key) }
    }

    /// From the server the first time that a pod asks, then from the copy.
    func read(_ key: ObjectKey, by uid: PodUID) async throws(ObjectError) -> Object {
        let (known, isChecked) = entries.withLock { ($0[key]?.object, $0[key]?.checked.contains(uid) ?? false) }
        if let known, isChecked { return known }
        do throws(ClientError) {
            let object = try await client.resource(Object.self, namespace: key.namespace).get(key.name)
            return took(object, key, by: uid)
        } catch {
            if error.isNotFound {
                watch(key)  // what was immutable may come back as something else
                throw .notFound(noun, key.name)
            }
            // A server that is away takes nothing from those who know.
            if error.isTemporary, let known { return known }
            throw ObjectError(error)
        }
    }

    /// - Returns: The newer of what was read and what the watch has told.
    private func took(_ object: Object, _ key: ObjectKey, by uid: PodUID) -> Object {
        let (newest, ended) = entries.withLock { entries -> (Object, OneShot<Void>?) in
            guard var entry = entries[key], entry.users.contains(uid) else { return (object, nil) }
            entry.checked.insert(uid)
            if !(entry.object.map { $0.isNewer(than: object) } ?? false) { entry.object = object }
            let newest = entry.object ?? object
            let ended = isImmutable(newest) ? entry.watch.take() : nil
            entries[key] = entry
            return (newest, ended)
        }
        ended?.set(())
        if !isImmutable(newest) { watch(key) }
        return newest
    }

    /// Begins to watch, unless that is being done or nobody refers to the object.
    private func watch(_ key: ObjectKey) {
        let stop = OneShot<Void>()
        let begins = entries.withLock { entries in
            guard let entry = entries[key], entry.watch == nil, !(entry.object.map(isImmutable) ?? false) else { return false }
            entries[key]?.watch = stop
            return true
        }
        guard begins else { return }
        let selection = ListOptions { $0.fieldSelector = "metadata.name=\(key.name)" }
        let informer = Informer(client.resource(Object.self, namespace: key.namespace), selection: selection, time: time)
        informer.addHandler { [weak self] event in self?.take(event, key, stop) }
        background.start {
            await withDiscardingTaskGroup { group in
                group.addTask { await informer.run() }
                _ = await stop.waitUnlessCancelled()
                group.cancelAll()
            }
        }
    }

    /// - Parameter watch: Whose news it is: that of a watch that was ended concerns nobody.
    private func take(_ event: InformerEvent<Object>, _ key: ObjectKey, _ watch: OneShot<Void>) {
        let (users, ended) = entries.withLock { entries -> (Set<PodUID>, OneShot<Void>?) in
            guard var entry = entries[key], entry.watch === watch else { return ([], nil) }
            switch event {
            case .added(let object), .updated(_, let object):
                guard entry.object.map({ object.isNewer(than: $0) }) ?? true else { return ([], nil) }
                entry.object = object
                if isImmutable(object) { entry.watch = nil }
            case .deleted: entry.object = nil
            }
            entries[key] = entry
            return (entry.users, entry.watch == nil ? watch : nil)
        }
        ended?.set(())
        if !users.isEmpty { changed(users) }
    }
}

extension KubernetesObject {
    /// Of two states of one name. Revisions of one store are numbers that grow; of what is none nothing is known.
    func isNewer(than other: Self) -> Bool {
        let (own, others) = (metadata.resourceVersion ?? "", other.metadata.resourceVersion ?? "")
        guard let number = UInt64(own), let otherNumber = UInt64(others) else { return own != others }
        return number > otherNumber
    }
}
