internal import KubernetesAPI
internal import KubernetesClient

/// Indexes by which a controller finds its objects without looking at the others.
enum OwnershipIndex {
    /// By the UID of the controlling owner.
    static let controller = "controllerUID"
    /// Those without a controlling owner, by namespace.
    static let orphans = "orphansOfNamespace"
    static let namespace = "namespace"
}

extension Informer {
    /// Keeps the indexes of objects that controllers own.
    func addOwnershipIndexes() {
        addIndex(OwnershipIndex.controller) { $0.metadata.controller.map { [$0.uid] } ?? [] }
        addIndex(OwnershipIndex.orphans) { $0.metadata.controller == nil ? [$0.metadata.namespace ?? ""] : [] }
    }

    func addNamespaceIndex() {
        addIndex(OwnershipIndex.namespace) { [$0.metadata.namespace ?? ""] }
    }

    func owned(byUID uid: String) -> [Object] { objects(index: OwnershipIndex.controller, value: uid) }
    func orphans(in namespace: String) -> [Object] { objects(index: OwnershipIndex.orphans, value: namespace) }
    func indexed(namespace: String) -> [Object] { objects(index: OwnershipIndex.namespace, value: namespace) }
}
