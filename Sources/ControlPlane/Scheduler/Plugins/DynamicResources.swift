/// Pods that use resource claims (resource.k8s.io) are refused, since devices are not allocated here: better than a pod that starts without them.
package struct DynamicResources: FilterPlugin, PostFilterPlugin {
    package let name = "DynamicResources"
    package var interests: ClusterChange.Kinds { .waitingPod }
    package init() {}

    package func preFilter(_ pod: PodInfo, _ cluster: ClusterSnapshot) -> PreFilterResult {
        pod.pod.spec.resourceClaims.isEmpty
            ? .skip : .refuse(.unresolvable("pod uses resource claims, which this scheduler does not allocate"))
    }

    /// Upstream's plugin of this name has a word in every failure: nothing to deallocate; or, when an earlier plugin stopped the pod before
    /// this one had prepared itself, that it finds nothing.
    package func postFilter(
        _ pod: PodInfo, _ cluster: ClusterSnapshot, _ diagnosis: Diagnosis, _ profile: SchedulingProfile
    ) -> PostFilterResult {
        diagnosis.preFilter == nil ? .nothing("no new claims to deallocate") : .failed("not found")
    }
}
