package import KubernetesAPI

/// Names an object among those of its kind.
package struct ObjectKey: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Empty for cluster-wide kinds.
    package var namespace: String
    package var name: String

    package init(namespace: String = "", name: String) {
        self.namespace = namespace
        self.name = name
    }

    package init(_ object: some KubernetesObject) {
        self.init(namespace: object.metadata.namespace ?? "", name: object.metadata.name ?? "")
    }

    package static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        (left.namespace, left.name) < (right.namespace, right.name)
    }

    /// `default/web`, or the name alone.
    package var description: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }
}
