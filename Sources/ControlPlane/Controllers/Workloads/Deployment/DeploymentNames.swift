/// Annotations, labels and reasons that a Deployment's clients read.
enum DeploymentNames {
    static let revision = "deployment.kubernetes.io/revision"
    static let revisionHistory = "deployment.kubernetes.io/revision-history"
    static let desiredReplicas = "deployment.kubernetes.io/desired-replicas"
    static let maxReplicas = "deployment.kubernetes.io/max-replicas"
    static let templateHash = "pod-template-hash"
    static let lastApplied = "kubectl.kubernetes.io/last-applied-configuration"
    static let rollbackTo = "deprecated.deployment.rollback.to"
    /// Annotations of a Deployment that its ReplicaSets don't get.
    static let notCopied: Set = [lastApplied, revision, revisionHistory, desiredReplicas, maxReplicas, rollbackTo]
    static let revisionHistoryMaxBytes = 2000

    enum Condition {
        static let available = "Available"
        static let progressing = "Progressing"
        static let replicaFailure = "ReplicaFailure"
    }

    enum Reason {
        static let created = "NewReplicaSetCreated"
        static let found = "FoundNewReplicaSet"
        static let createFailed = "ReplicaSetCreateError"
        static let updated = "ReplicaSetUpdated"
        static let available = "NewReplicaSetAvailable"
        static let timedOut = "ProgressDeadlineExceeded"
        static let paused = "DeploymentPaused"
        static let resumed = "DeploymentResumed"
        static let minimumAvailable = "MinimumReplicasAvailable"
        static let minimumUnavailable = "MinimumReplicasUnavailable"
    }
}
