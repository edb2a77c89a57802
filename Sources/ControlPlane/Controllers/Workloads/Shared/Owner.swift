internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// The object that makes others: who owns what it creates, and about whom its controller's events speak.
struct Owner: Hashable, Sendable {
    var kind: GroupVersionKind
    var namespace: String
    var name: String
    var uid: String
    var resourceVersion: String?

    init(_ object: some KubernetesObject) {
        kind = type(of: object).groupVersionKind
        namespace = object.metadata.namespace ?? ""
        name = object.metadata.name ?? ""
        uid = object.metadata.uid ?? ""
        resourceVersion = object.metadata.resourceVersion
    }

    var key: ObjectKey { ObjectKey(namespace: namespace, name: name) }

    /// What the created object says of its controller.
    var reference: OwnerReference {
        OwnerReference {
            $0.apiVersion = kind.apiVersion
            $0.kind = kind.kind
            $0.name = name
            $0.uid = uid
            $0.controller = true
            $0.blockOwnerDeletion = true
        }
    }

    var objectReference: ObjectReference {
        ObjectReference {
            $0.apiVersion = kind.apiVersion
            $0.kind = kind.kind
            $0.namespace = namespace.isEmpty ? nil : namespace
            $0.name = name
            $0.uid = uid
            $0.resourceVersion = resourceVersion
        }
    }
}

extension ObjectMeta {
    /// The one owner that manages the object, if any.
    var controller: OwnerReference? { ownerReferences.first { $0.controller == true } }
    func isControlled(by owner: Owner) -> Bool { controller?.uid == owner.uid }
    var isBeingDeleted: Bool { deletionTimestamp != nil }
    /// For messages.
    var quotedName: String { (name ?? "").quoted }
}

extension OwnerReference {
    /// The key of the owner if it is of this kind, whatever its version.
    func key(of kind: GroupVersionKind, namespace: String?) -> ObjectKey? {
        guard self.kind == kind.kind, GroupVersionKind(apiVersion: apiVersion, kind: self.kind).group == kind.group else { return nil }
        return ObjectKey(namespace: namespace ?? "", name: name)
    }
}

extension EventRecorder {
    func normal(_ object: Owner, _ reason: String, _ message: String) {
        record(object.objectReference, type: "Normal", reason: reason, message: message)
    }

    func warning(_ object: Owner, _ reason: String, _ message: String) {
        record(object.objectReference, type: "Warning", reason: reason, message: message)
    }
}
