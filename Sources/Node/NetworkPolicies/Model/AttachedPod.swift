internal import KubernetesAPI
package import KubernetesClient

/// A pod that the runtime of this node has given addresses, before anything in it runs.
package struct AttachedPod: Hashable, Sendable {
    package var key: ObjectKey
    package var uid: String
    /// Without those that the node agent adds for the runtime.
    package var labels: [String: String]
    package var addresses: [String]
    /// When it got them, in nanoseconds since the epoch.
    package var time: Int64

    package init(key: ObjectKey, uid: String, labels: [String: String], addresses: [String], time: Int64) {
        (self.key, self.uid, self.addresses, self.time) = (key, uid, addresses, time)
        self.labels = labels.filter { !Self.ownLabels.contains($0.key) }
    }

    /// An object of the same name may be that of an earlier pod. A static pod's has an id of its own, and tells the pod's.
    func isPod(_ object: Pod) -> Bool {
        object.metadata.uid == uid || object.metadata.annotations["kubernetes.io/config.mirror"] == uid
    }

    private static let ownLabels: Set = ["io.kubernetes.pod.name", "io.kubernetes.pod.namespace", "io.kubernetes.pod.uid"]
}
