internal import APIMachinery
internal import KubernetesAPI

/// The pods and claims that a StatefulSet has: each with a name, a host name and volumes of its own, for ever.
struct StatefulPods {
    let set: StatefulSet

    func pod(_ ordinal: Int, template: PodTemplateSpec, revision: String) -> Pod {
        let owner = Owner(set)
        var pod = PodControl.pod(template, for: owner)
        let name = "\(owner.name)-\(ordinal)"
        pod.metadata.name = name
        pod.metadata.namespace = owner.namespace
        pod.metadata.labels.merge(identity(name, ordinal)) { $1 }
        pod.metadata.labels[StatefulNames.revision] = revision
        pod.spec.hostname = name
        pod.spec.subdomain = set.spec.serviceName
        let claims = claims(ordinal)
        let own = Set(claims.map(\.volume))
        pod.spec.volumes =
            claims.map { claim in
                Volume {
                    $0.name = claim.volume
                    $0.persistentVolumeClaim = PersistentVolumeClaimVolumeSource { $0.claimName = claim.claim.metadata.name ?? "" }
                }
            } + pod.spec.volumes.filter { !own.contains($0.name) }
        return pod
    }

    /// The labels by which a pod is found by name and number.
    func identity(_ name: String, _ ordinal: Int) -> [String: String] {
        [StatefulNames.podName: name, StatefulNames.podIndex: "\(ordinal)"]
    }

    func claims(_ ordinal: Int) -> [(volume: String, claim: PersistentVolumeClaim)] {
        set.spec.volumeClaimTemplates.map { template in
            var claim = template
            let volume = template.metadata.name ?? ""
            claim.metadata.name = "\(volume)-\(set.metadata.name ?? "")-\(ordinal)"
            claim.metadata.namespace = set.metadata.namespace
            claim.metadata.labels.merge(set.spec.selector.matchLabels) { $1 }
            return (volume, claim)
        }
    }

    // MARK: Who owns the claims

    /// The owners that the retention policy gives a claim: whoever goes takes the claim along.
    ///
    /// - Parameter pod: The claim's pod.
    func owners(of claim: PersistentVolumeClaim, pod: Pod) -> [OwnerReference] {
        let policy = set.spec.persistentVolumeClaimRetentionPolicy
        let isCondemned = set.ordinal(of: pod).map { !set.ordinals.contains($0) } ?? false
        let goesWithPod = policy?.whenScaled == "Delete" && isCondemned
        let goesWithSet = policy?.whenDeleted == "Delete" && !goesWithPod
        var owners = claim.metadata.ownerReferences.filter { $0.uid != set.metadata.uid && $0.uid != pod.metadata.uid }
        if goesWithSet { owners.append(Owner(set).reference) }
        if goesWithPod { owners.append(Owner(pod).reference) }
        return owners
    }

    /// A claim that goes with a former pod of the same name can't be used by the next.
    static func isStale(_ claim: PersistentVolumeClaim, for pod: Pod) -> Bool {
        claim.metadata.ownerReferences.contains { $0.kind == "Pod" && $0.name == pod.metadata.name && $0.uid != pod.metadata.uid }
    }
}
