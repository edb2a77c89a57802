internal import KubernetesAPI

/// How an owner stands, asked of the server.
enum OwnerStanding: Hashable, Sendable {
    case solid
    /// There is none, or it is another object of the same name.
    case absent
    /// It is being deleted and waits for its dependents.
    case awaitsDependents
}

/// What becomes of an object whose owners have been looked at: a pure decision, after upstream's attemptToDeleteItem.
enum OwnershipDecision: Hashable, Sendable {
    case keep
    /// It stays with its other owners; these references go.
    case strip(uids: [String])
    /// - Parameter unblocksOwners: There is a circle: its references cease to hold its owners up, or none would ever go.
    case delete(propagationPolicy: String, unblocksOwners: Bool)

    /// - Parameters:
    ///   - dependents: Of the object.
    ///   - finalizers: Its own: what was asked for its dependents before is not changed.
    init(owners: [(reference: OwnerReference, standing: OwnerStanding)], dependents: [OwnedObject], finalizers: [String]) {
        guard !owners.isEmpty else {
            self = .keep
            return
        }
        let going = owners.filter { $0.standing != .solid }.map(\.reference.uid)
        if going.count < owners.count {
            self = going.isEmpty ? .keep : .strip(uids: going)
        } else if owners.contains(where: { $0.standing == .awaitsDependents }), !dependents.isEmpty {
            self = .delete(propagationPolicy: "Foreground", unblocksOwners: dependents.contains(where: \.awaitsDependents))
        } else if finalizers.contains(Finalizers.orphan) {
            self = .delete(propagationPolicy: "Orphan", unblocksOwners: false)
        } else {
            let isForeground = finalizers.contains(Finalizers.foreground)
            self = .delete(propagationPolicy: isForeground ? "Foreground" : "Background", unblocksOwners: false)
        }
    }
}
