internal import KubernetesAPI

/// The controllers that make pods.
package enum WorkloadControllers {
    package static let all: [any Controller.Type] = [
        DeploymentController.self, ReplicaController<ReplicaSet>.self, ReplicaController<ReplicationController>.self,
        JobController.self, FinishedJobController.self, DaemonSetController.self, StatefulSetController.self,
        CronJobController.self,
    ]
}
