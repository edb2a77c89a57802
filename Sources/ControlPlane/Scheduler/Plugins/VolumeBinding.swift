internal import KubernetesAPI
internal import KubernetesClient

/// Claims: bound ones rule out nodes that do not reach their volume; those of a class that waits for its first consumer get a volume, or a node
/// to make one for, together with the pod's node.
package struct VolumeBinding: FilterPlugin, ReservePlugin, PreBindPlugin {
    package let name = "VolumeBinding"
    package var interests: ClusterChange.Kinds { [.nodes, .volumes] }
    /// How long a pod waits for its claims after its node is chosen.
    package var bindTimeout: Duration

    package init(bindTimeout: Duration = .seconds(600)) { self.bindTimeout = bindTimeout }

    // MARK: Filter

    package func preFilter(_ pod: PodInfo, _ cluster: ClusterSnapshot) -> PreFilterResult {
        guard !pod.claims.isEmpty else { return .skip }
        do throws(Refusal) {
            return .check(Filter(claims: try PodClaims(pod, cluster.volumes)))
        } catch {
            return .refuse(error)
        }
    }

    struct Filter: NodeFilter {
        let claims: PodClaims

        func refusal(on slot: Int, _ cluster: ClusterSnapshot) -> Refusal? {
            guard let node = cluster.nodes[slot] else { return nil }
            var reasons: [String] = []
            for (_, claim) in claims.bound {
                guard let volume = cluster.volumes.volumes[claim.spec.volumeName ?? ""] else {
                    return .unresolvable("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)")
                }
                if !volume.isReachable(from: node) {
                    reasons = ["node(s) didn't match PersistentVolume's node affinity"]
                    break
                }
            }
            if !claims.late.isEmpty, (try? VolumeMatching(volumes: cluster.volumes, node: node).choice(for: claims.late)) == nil {
                reasons.append("node(s) didn't find available persistent volumes to bind")
            }
            return reasons.first.map { Refusal(.unresolvable, $0, more: Array(reasons.dropFirst())) }
        }

        func detail(on slot: Int, _ cluster: ClusterSnapshot) -> String? {
            guard let node = cluster.nodes[slot] else { return nil }
            for (key, claim) in claims.bound {
                let name = claim.spec.volumeName ?? ""
                guard let volume = cluster.volumes.volumes[name] else { return "volume \(name) of claim \(key) is not there" }
                if !volume.isReachable(from: node) { return "volume \(name) of claim \(key) is not reached from the node" }
            }
            for late in claims.late
            where (try? VolumeMatching(volumes: cluster.volumes, node: node).choice(for: [late])) == nil {
                return "claim \(late.key) (class \(late.claim.spec.storageClassName ?? "")) has no free volume here, and none can be made"
            }
            return nil
        }
    }

    // MARK: Reserve and bind

    private func choice(_ pod: PodInfo, _ node: String, _ cluster: ClusterSnapshot) throws(Refusal) -> VolumeChoice {
        guard let info = cluster.node(node) else { return VolumeChoice() }
        let late = try PodClaims(pod, cluster.volumes).late
        do throws(VolumeMatching.Failure) {
            return try VolumeMatching(volumes: cluster.volumes, node: info).choice(for: late)
        } catch {
            throw .unresolvable("node(s) didn't find available persistent volumes to bind")
        }
    }

    package func reserve(_ pod: PodInfo, on node: String, _ cluster: inout ClusterSnapshot) -> Refusal? {
        guard !pod.claims.isEmpty else { return nil }
        do throws(Refusal) {
            let choice = try choice(pod, node, cluster)
            cluster.volumes.choose(choice, on: node)
            return nil
        } catch {
            return error
        }
    }

    package func unreserve(_ pod: PodInfo, on node: String, _ cluster: inout ClusterSnapshot) {
        guard !pod.claims.isEmpty, let choice = try? choice(pod, node, cluster) else { return }
        cluster.volumes.forget(choice)
    }

    package func preBind(_ pod: PodInfo, on node: String, _ cluster: ClusterSnapshot) -> PreBindWork? {
        guard !pod.claims.isEmpty, let choice = try? choice(pod, node, cluster),
            !choice.matched.isEmpty || !choice.provisioned.isEmpty
        else { return nil }
        let writer = VolumeWriter(choice: choice, node: node, timeout: bindTimeout, volumes: cluster.volumes)
        return { context in try await writer.write(context) }
    }

    package func mayHelp(_ change: ClusterChange, _ pod: PodInfo, _ cluster: ClusterSnapshot) -> Bool {
        switch change {
        case .nodeAdded: true
        case .nodeUpdated(let old, let new): old.labels != new.labels
        case .volumes(.claimChanged(let key)): pod.claims.contains { "\(pod.key.namespace)/\($0.name)" == key }
        case .volumes: true
        default: false
        }
    }
}

/// A pod's claims by what is to be done about them.
struct PodClaims {
    var bound: [(key: ObjectKey, claim: PersistentVolumeClaim)] = []
    /// Of classes that wait for the first consumer.
    var late: [(key: ObjectKey, claim: PersistentVolumeClaim)] = []

    /// - Throws: When no node can help.
    init(_ pod: PodInfo, _ volumes: VolumeState) throws(Refusal) {
        var hasImmediate = false
        for use in pod.claims {
            let key = ObjectKey(namespace: pod.key.namespace, name: use.name)
            let claim = try Self.claim(key, use, of: pod, volumes)
            if claim.isBound {
                bound.append((key, claim))
            } else if volumes.bindsLate(claim), claim.spec.volumeName == nil {
                late.append((key, claim))
            } else {
                hasImmediate = true
            }
        }
        if hasImmediate { throw .unresolvable("pod has unbound immediate PersistentVolumeClaims") }
    }

    private static func claim(
        _ key: ObjectKey, _ use: ClaimUse, of pod: PodInfo, _ volumes: VolumeState
    ) throws(Refusal) -> PersistentVolumeClaim {
        guard let claim = volumes.claims[key] else {
            throw .unresolvable(
                use.isEphemeral
                    ? "waiting for ephemeral volume controller to create the persistentvolumeclaim \"\(key.name)\""
                    : "persistentvolumeclaim \"\(key.name)\" not found")
        }
        if claim.status.phase == "Lost" {
            throw .unresolvable(
                "persistentvolumeclaim \"\(key.name)\" bound to non-existent persistentvolume \"\(claim.spec.volumeName ?? "")\"")
        }
        if claim.metadata.deletionTimestamp != nil { throw .unresolvable("persistentvolumeclaim \"\(key.name)\" is being deleted") }
        if use.isEphemeral, !claim.metadata.ownerReferences.contains(where: { $0.controller == true && $0.uid == pod.uid }) {
            throw .unresolvable("PVC \(key) was not created for pod \(pod.key) (pod is not owner)")
        }
        return claim
    }
}
