/// Labels, annotations, finalizers and reasons of Jobs and their pods.
enum JobNames {
    static let finalizer = "batch.kubernetes.io/job-tracking"
    static let completionIndex = "batch.kubernetes.io/job-completion-index"
    static let indexFailureCount = "batch.kubernetes.io/job-index-failure-count"
    static let indexIgnoredFailureCount = "batch.kubernetes.io/job-index-ignored-failure-count"
    static let indexVariable = "JOB_COMPLETION_INDEX"
    static let managedBy = "kubernetes.io/job-controller"

    enum Condition {
        static let suspended = "Suspended"
        static let complete = "Complete"
        static let failed = "Failed"
        static let failureTarget = "FailureTarget"
        static let successCriteriaMet = "SuccessCriteriaMet"
    }

    /// The most pods that one look at a Job creates, deletes or counts.
    static let burst = 500
    static let backoffFirst: Duration = .seconds(10)
    static let backoffLongest: Duration = .seconds(600)
    /// Changes of pods within it lead to one look.
    static let batchPeriod: Duration = .seconds(1)
}
