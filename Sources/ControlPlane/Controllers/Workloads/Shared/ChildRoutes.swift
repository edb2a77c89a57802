internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Leads from a change of an object to the keys of those that own it, have owned it, or might adopt it.
struct ChildRoutes<Child: KubernetesObject>: Sendable {
    /// The owner's.
    let kind: GroupVersionKind
    let queue: WorkQueue<ObjectKey>
    /// So much later, that several changes lead to one look.
    var delay: Duration = .zero
    /// Whether an update matters: old, new.
    var differs: @Sendable (Child, Child) -> Bool = { _, _ in true }
    /// Who might adopt an object that has no controller.
    var candidates: @Sendable (Child) -> [ObjectKey] = { _ in [] }

    func handle(_ event: InformerEvent<Child>) {
        switch event {
        case .added(let child): addOwner(of: child, orphanCounts: true)
        case .deleted(let child): addOwner(of: child, orphanCounts: false)
        case .updated(let old, let new):
            guard differs(old, new) else { return }
            let (before, after) = (old.metadata.controller, new.metadata.controller)
            if before?.uid != after?.uid, let key = before?.key(of: kind, namespace: old.metadata.namespace) {
                queue.add(key, after: delay)
            }
            let mayBeAdopted = old.metadata.labels != new.metadata.labels || before?.uid != after?.uid
            addOwner(of: new, orphanCounts: mayBeAdopted)
        }
    }

    private func addOwner(of child: Child, orphanCounts: Bool) {
        if let controller = child.metadata.controller {
            if let key = controller.key(of: kind, namespace: child.metadata.namespace) { queue.add(key, after: delay) }
        } else if orphanCounts, !child.metadata.isBeingDeleted {
            for key in candidates(child) { queue.add(key, after: delay) }
        }
    }
}
