internal import APIMachinery

/// What a pod gets where its author says nothing, as upstream's defaulting of core/v1 sets it.
///
/// Admission's share (service account, tolerations, priority) is not here: it needs other objects.
package enum PodDefaults {
    package static let terminationGracePeriodSeconds: Int64 = 30
    package static let terminationMessagePath = "/dev/termination-log"
    package static let schedulerName = "default-scheduler"

    /// Fills in a pod that is to run. Doing it twice changes nothing more.
    package static func apply(to pod: inout Pod) {
        apply(to: &pod.spec)
        if pod.spec.enableServiceLinks == nil { pod.spec.enableServiceLinks = true }
        for index in pod.spec.containers.indices {
            setRequestsFromLimits(&pod.spec.containers[index].resources)
        }
        for index in pod.spec.initContainers.indices {
            setRequestsFromLimits(&pod.spec.initContainers[index].resources)
        }
        setPodRequests(&pod.spec)
        if let seconds = pod.spec.terminationGracePeriodSeconds, seconds < 0 {
            pod.spec.terminationGracePeriodSeconds = 1  // as upstream's strategy of creation does
        }
    }

    /// Fills in the spec of a pod or of a pod template.
    package static func apply(to spec: inout PodSpec) {
        if spec.dnsPolicy == nil { spec.dnsPolicy = "ClusterFirst" }
        if spec.restartPolicy == nil { spec.restartPolicy = "Always" }
        if spec.securityContext == nil { spec.securityContext = PodSecurityContext() }
        if spec.schedulerName == nil { spec.schedulerName = schedulerName }
        if spec.terminationGracePeriodSeconds == nil {
            spec.terminationGracePeriodSeconds = terminationGracePeriodSeconds
        }
        // Two names of one field; the older one stays readable.
        if spec.serviceAccountName == nil { spec.serviceAccountName = spec.serviceAccount }
        spec.serviceAccount = spec.serviceAccountName
        for index in spec.volumes.indices { VolumeDefaults.apply(to: &spec.volumes[index]) }
        let isHostNetwork = spec.hostNetwork == true
        for index in spec.containers.indices {
            ContainerDefaults.apply(to: &spec.containers[index], isHostNetwork: isHostNetwork)
        }
        for index in spec.initContainers.indices {
            ContainerDefaults.apply(to: &spec.initContainers[index], isHostNetwork: isHostNetwork)
        }
        for index in spec.ephemeralContainers.indices {
            ContainerDefaults.apply(to: &spec.ephemeralContainers[index])
        }
    }

    /// A limit without a request asks for as much as it allows.
    private static func setRequestsFromLimits(_ resources: inout ResourceRequirements) {
        resources.requests.merge(resources.limits) { request, _ in request }
    }

    /// A pod-level limit without a request: what the containers ask for together, or all of the limit.
    private static func setPodRequests(_ spec: inout PodSpec) {
        guard var resources = spec.resources, !resources.limits.isEmpty else { return }
        for (name, limit) in resources.limits
        where resources.requests[name] == nil && (name == "cpu" || name == "memory" || name.hasPrefix("hugepages-")) {
            let requests = spec.containers.compactMap { $0.resources.requests[name] }
            resources.requests[name] = requests.isEmpty ? limit : requests.reduce(.zero, +)
        }
        spec.resources = resources
    }
}
