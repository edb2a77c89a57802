internal import KubernetesAPI

/// What has to be done to bring a pod from what it is to what it should be.
package struct PodActions: Sendable, Hashable {
    package enum KillReason: String, Sendable, Hashable {
        case specChanged, unknownState, livenessProbe, startupProbe, resize
    }
    package struct Kill: Sendable, Hashable {
        package var containerID: String
        package var name: String
        /// Of the event.
        package var message: String
        package var reason: KillReason
        /// nil: the pod's.
        package var gracePeriodSeconds: Int64?
    }

    /// All containers and the sandbox.
    package var killPod = false
    package var createSandbox = false
    /// Number of the sandbox to create.
    package var sandboxAttempt: UInt32 = 0
    /// The sandbox to start containers in, unless one is created.
    package var sandboxID: String?
    /// Indexes into `spec.ephemeralContainers`.
    package var ephemeralContainersToStart: [Int] = []
    /// Indexes into `spec.initContainers`, in the order of the spec.
    package var initContainersToStart: [Int] = []
    /// Indexes into `spec.containers`.
    package var containersToStart: [Int] = []
    package var containersToKill: [Kill] = []

    package init() {}

    package var isNothing: Bool {
        !killPod && !createSandbox && initContainersToStart.isEmpty && containersToStart.isEmpty && containersToKill.isEmpty
            && ephemeralContainersToStart.isEmpty
    }
}
