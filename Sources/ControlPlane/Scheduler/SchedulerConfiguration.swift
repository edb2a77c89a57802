/// What the scheduler has to know; names follow `KubeSchedulerConfiguration`.
package struct SchedulerConfiguration: Sendable {
    /// Pods of this `spec.schedulerName` are its own.
    package var schedulerName = "default-scheduler"
    package init() {}
}
