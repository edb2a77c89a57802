/// The controllers of everything but workloads.
package enum ClusterControllers {
    package static let all: [any Controller.Type] = [
        GarbageCollector.self, NamespaceController.self,
    ]
}
