internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// An object as the garbage collector knows it.
struct OwnedObject: Hashable, Sendable {
    var resource: DiscoveredResource
    /// Empty for a cluster-wide object.
    var namespace: String
    var name: String
    var uid: String
    var owners: [OwnerReference]
    var isBeingDeleted: Bool
    /// It waits, marked for deletion, until its dependents are gone (finalizer `foregroundDeletion`).
    var awaitsDependents: Bool
    /// It waits, marked for deletion, until its dependents don't name it any more (finalizer `orphan`).
    var orphansDependents: Bool

    init(_ resource: DiscoveredResource, _ metadata: ObjectMeta) {
        self.resource = resource
        namespace = metadata.namespace ?? ""
        name = metadata.name ?? ""
        uid = metadata.uid ?? ""
        owners = metadata.ownerReferences
        isBeingDeleted = metadata.deletionTimestamp != nil
        awaitsDependents = isBeingDeleted && metadata.finalizers.contains(Finalizers.foreground)
        orphansDependents = isBeingDeleted && metadata.finalizers.contains(Finalizers.orphan)
    }

    func isNamed(by reference: OwnerReference) -> Bool {
        GroupVersionKind(apiVersion: reference.apiVersion, kind: reference.kind).group == resource.kind.group
            && reference.kind == resource.kind.kind && reference.name == name && reference.uid == uid
    }
}

/// Finalizers by which the API server tells the garbage collector what to do with dependents.
enum Finalizers {
    static let foreground = "foregroundDeletion"
    static let orphan = "orphan"
}

/// All objects and whom they name as owners; says whom a change makes worth a look. Level-triggered: a look at too many costs a little, never correctness.
struct OwnershipGraph: Sendable {
    enum Consequence: Hashable, Sendable {
        /// Its owners, or what holds its own deletion up, may have changed.
        case examine(uid: String)
        /// Its dependents are to be freed of it.
        case orphanDependents(uid: String)
        /// It names an owner of another namespace, which counts as none.
        case reportInvalidNamespace(uid: String, owner: OwnerReference)
    }

    private(set) var objects: [String: OwnedObject] = [:]
    /// By the owner's uid, also of owners that have not been seen.
    private var dependents: [String: Set<String>] = [:]

    func dependents(of uid: String) -> [OwnedObject] { (dependents[uid] ?? []).compactMap { objects[$0] } }

    /// The object is new or has changed.
    mutating func put(_ new: OwnedObject) -> [Consequence] {
        let old = objects.updateValue(new, forKey: new.uid)
        let (before, now) = (old?.owners ?? [], new.owners)
        if before != now { relist(new.uid, before, now) }
        return unblocked(before, now) + consequencesOfOwners(new, before) + (old == nil ? consequencesOfArrival(new) : [])
            + consequencesOfDeletion(new, old)
    }

    /// Those that named it before it was known, from where it does not count.
    private func consequencesOfArrival(_ owner: OwnedObject) -> [Consequence] {
        (dependents[owner.uid] ?? []).sorted().compactMap { uid in
            guard let dependent = objects[uid], !isWithinReach(owner, of: dependent),
                let reference = dependent.owners.first(where: { $0.uid == owner.uid })
            else { return nil }
            return .reportInvalidNamespace(uid: uid, owner: reference)
        }
    }

    /// The object is gone.
    mutating func remove(_ uid: String) -> [Consequence] {
        guard let old = objects.removeValue(forKey: uid) else { return [] }
        relist(uid, old.owners, [])
        return (dependents[uid] ?? []).sorted().map { .examine(uid: $0) } + unblocked(old.owners, [])
    }

    /// All objects of a resource are these.
    mutating func replace(_ resource: DiscoveredResource, with present: [OwnedObject]) -> [Consequence] {
        let uids = Set(present.map(\.uid))
        let gone = objects.values.filter { $0.resource == resource && !uids.contains($0.uid) }.map(\.uid).sorted()
        return gone.flatMap { remove($0) } + present.flatMap { put($0) }
    }

    /// Whether everything this object names is there and stays: then nothing is to be done.
    func isSecure(_ object: OwnedObject) -> Bool {
        object.owners.allSatisfy { reference in
            guard let owner = objects[reference.uid] else { return false }
            return isWithinReach(owner, of: object) && owner.isNamed(by: reference) && !owner.awaitsDependents
        }
    }

    /// Owners that are not known by a watch yet, so that their deletion would not be noticed.
    func hasUnseenOwner(_ object: OwnedObject) -> Bool { object.owners.contains { objects[$0.uid] == nil } }

    /// Dependents that hold the owner's deletion up.
    func blockers(of uid: String) -> [OwnedObject] {
        dependents(of: uid).filter { $0.owners.contains { $0.uid == uid && $0.blockOwnerDeletion == true } }
    }

    // MARK: consequences

    private mutating func relist(_ uid: String, _ before: [OwnerReference], _ now: [OwnerReference]) {
        for owner in before {
            dependents[owner.uid]?.remove(uid)
            if dependents[owner.uid]?.isEmpty == true { dependents[owner.uid] = nil }
        }
        for owner in now { dependents[owner.uid, default: []].insert(uid) }
    }

    /// Owners that wait for their dependents, and no longer for this one.
    private func unblocked(_ before: [OwnerReference], _ now: [OwnerReference]) -> [Consequence] {
        before.compactMap { reference in
            guard objects[reference.uid]?.awaitsDependents == true,
                !now.contains(where: { $0.uid == reference.uid && $0.blockOwnerDeletion == reference.blockOwnerDeletion })
            else { return nil }
            return .examine(uid: reference.uid)
        }
    }

    private func consequencesOfOwners(_ new: OwnedObject, _ before: [OwnerReference]) -> [Consequence] {
        guard new.owners != before else { return [] }
        var consequences: [Consequence] = isSecure(new) ? [] : [.examine(uid: new.uid)]
        for reference in new.owners {
            guard let owner = objects[reference.uid], !isWithinReach(owner, of: new) else { continue }
            consequences.append(.reportInvalidNamespace(uid: new.uid, owner: reference))
        }
        return consequences
    }

    private func consequencesOfDeletion(_ new: OwnedObject, _ old: OwnedObject?) -> [Consequence] {
        var consequences: [Consequence] = []
        if new.awaitsDependents, old?.awaitsDependents != true {
            consequences = (dependents[new.uid] ?? []).sorted().map { .examine(uid: $0) } + [.examine(uid: new.uid)]
        }
        if new.orphansDependents, old?.orphansDependents != true { consequences.append(.orphanDependents(uid: new.uid)) }
        return consequences
    }

    /// A namespaced owner owns in its own namespace only.
    private func isWithinReach(_ owner: OwnedObject, of dependent: OwnedObject) -> Bool {
        owner.namespace.isEmpty || owner.namespace == dependent.namespace
    }
}
