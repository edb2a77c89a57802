internal import KubernetesAPI

/// A kind that keeps so many pods of one template: ReplicaSet, or the older ReplicationController, which is handled as if it were one.
protocol ReplicatedKind: KubernetesObject {
    static var controllerName: String { get }
    var asReplicaSet: ReplicaSet { get }
    func with(_ status: ReplicaSetStatus) -> Self
}

extension ReplicaSet: ReplicatedKind {
    static var controllerName: String { "replicaset-controller" }
    var asReplicaSet: ReplicaSet { self }

    func with(_ status: ReplicaSetStatus) -> ReplicaSet {
        var copy = self
        copy.status = status
        return copy
    }
}

extension ReplicationController: ReplicatedKind {
    static var controllerName: String { "replication-controller" }

    var asReplicaSet: ReplicaSet {
        ReplicaSet {
            $0.metadata = metadata
            $0.spec.replicas = spec.replicas
            $0.spec.minReadySeconds = spec.minReadySeconds
            $0.spec.selector.matchLabels = spec.selector
            $0.spec.template = spec.template
            $0.status.replicas = status.replicas
            $0.status.fullyLabeledReplicas = status.fullyLabeledReplicas
            $0.status.readyReplicas = status.readyReplicas
            $0.status.availableReplicas = status.availableReplicas
            $0.status.observedGeneration = status.observedGeneration
            $0.status.conditions = status.conditions.map { condition in
                ReplicaSetCondition {
                    $0.type = condition.type
                    $0.status = condition.status
                    $0.lastTransitionTime = condition.lastTransitionTime
                    $0.reason = condition.reason
                    $0.message = condition.message
                }
            }
        }
    }

    func with(_ status: ReplicaSetStatus) -> ReplicationController {
        var copy = self
        copy.status.replicas = status.replicas
        copy.status.fullyLabeledReplicas = status.fullyLabeledReplicas
        copy.status.readyReplicas = status.readyReplicas
        copy.status.availableReplicas = status.availableReplicas
        copy.status.observedGeneration = status.observedGeneration
        copy.status.conditions = status.conditions.map { condition in
            ReplicationControllerCondition {
                $0.type = condition.type
                $0.status = condition.status
                $0.lastTransitionTime = condition.lastTransitionTime
                $0.reason = condition.reason
                $0.message = condition.message
            }
        }
        return copy
    }
}
