internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Whose an object is, seen from a controller that selects by labels.
enum Claim: Hashable, Sendable {
    /// It is the controller's.
    case keep
    /// It has no controller and matches.
    case adopt
    /// It is the controller's but no longer matches.
    case release
    /// It is somebody else's, or nobody's.
    case ignore

    init(_ object: ObjectMeta, by owner: ObjectMeta, matches: Bool) {
        if let controller = object.controller {
            guard controller.uid == owner.uid else {
                self = .ignore
                return
            }
            self = matches ? .keep : owner.isBeingDeleted ? .ignore : .release
        } else {
            self = matches && !owner.isBeingDeleted && !object.isBeingDeleted && object.namespace == owner.namespace ? .adopt : .ignore
        }
    }
}

/// Takes objects that match into an owner's care, and lets go of those that no longer do.
struct Adoption<Parent: KubernetesObject, Child: KubernetesObject>: Sendable {
    let client: Client
    let written: OwnWrites<Child>
    /// A finalizer that goes when the object is let go.
    var finalizer: String?

    init(client: Client, written: OwnWrites<Child>, finalizer: String? = nil) {
        self.client = client
        self.written = written
        self.finalizer = finalizer
    }

    /// - Returns: The objects that are the parent's.
    func claim(_ objects: [Child], by parent: Parent, _ selector: Selector) async throws -> [Child] {
        try await claim(objects, by: parent) { selector.matches($0.metadata.labels) }
    }

    func claim(_ objects: [Child], by parent: Parent, where matches: (Child) -> Bool) async throws -> [Child] {
        let owner = Owner(parent)
        var claimed: [Child] = []
        var mayAdopt = false
        var failure: (any Error)?
        for object in objects {
            switch Claim(object.metadata, by: parent.metadata, matches: matches(object)) {
            case .keep: claimed.append(object)
            case .ignore: continue
            case .adopt:
                do {
                    if !mayAdopt { try await checkIsThere(owner) }
                    mayAdopt = true
                    if try await adopt(object, owner) { claimed.append(object) }
                } catch { failure = failure ?? error }
            case .release:
                do { try await release(object, owner) } catch { failure = failure ?? error }
            }
        }
        if let failure { throw failure }
        return claimed
    }

    /// The copy may be old: whoever adopts for an owner that is gone makes an orphan that nobody finds.
    private func checkIsThere(_ owner: Owner) async throws {
        let fresh = try await client.resource(Parent.self, namespace: owner.namespace).get(owner.name)
        guard fresh.metadata.uid == owner.uid else {
            throw AdoptionError(
                description: "original \(owner.kind.kind) \(owner.key) is gone: got uid \(fresh.metadata.uid ?? ""), wanted \(owner.uid)")
        }
        if let time = fresh.metadata.deletionTimestamp {
            throw AdoptionError(description: "\(owner.key) has just been deleted at \(time)")
        }
    }

    /// - Returns: false when the object is gone.
    private func adopt(_ object: Child, _ owner: Owner) async throws -> Bool {
        var metadata: JSONValue = ["ownerReferences": [owner.reference.json]]
        metadata["uid"] = object.metadata.uid.map { .string($0) }
        if let finalizer { metadata["finalizers"] = [.string(finalizer)] }
        return try await patch(object, metadata, owner)
    }

    private func release(_ object: Child, _ owner: Owner) async throws {
        var metadata: JSONValue = [:]
        metadata["uid"] = object.metadata.uid.map { .string($0) }
        metadata["ownerReferences"] = [["$patch": "delete", "uid": .string(owner.uid)]]
        if let finalizer { metadata["$deleteFromPrimitiveList/finalizers"] = [.string(finalizer)] }
        _ = try await patch(object, metadata, owner)
    }

    private func patch(_ object: Child, _ metadata: JSONValue, _ owner: Owner) async throws -> Bool {
        do throws(ClientError) {
            let patched = try await client.resource(Child.self, namespace: owner.namespace).patch(
                object.metadata.name ?? "", .strategicMerge, ["metadata": metadata])
            written.wrote(patched, for: owner.key)
            return true
        } catch {
            // Gone, or another object of the same name by now.
            if error.isNotFound || error.status?.reason == .invalid { return false }
            throw error
        }
    }
}

struct AdoptionError: Error, CustomStringConvertible {
    let description: String
}
