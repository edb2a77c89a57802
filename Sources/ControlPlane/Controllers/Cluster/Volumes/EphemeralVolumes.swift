internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Makes the claims of pods' generic ephemeral volumes; they go with their pod.
package struct EphemeralVolumes: Controller {
    package static let name = "ephemeral-volume-controller"
    package static let eventSource = "ephemeral_volume"
    private let context: ControllerContext
    private let pods: Informer<Pod>
    private let claims: Informer<PersistentVolumeClaim>
    private let queue: WorkQueue<ObjectKey>

    package init(_ context: ControllerContext) {
        self.context = context
        pods = context.informers.informer(Pod.self)
        claims = context.informers.informer(PersistentVolumeClaim.self)
        let queue = WorkQueue<ObjectKey>(time: context.time)
        self.queue = queue
        pods.addHandler { event in
            guard case .added(let pod) = event, pod.spec.volumes.contains(where: { $0.ephemeral != nil }) else { return }
            queue.add(ObjectKey(pod))
        }
        claims.addHandler { event in
            guard case .deleted(let claim) = event, let owner = claim.metadata.ownerReferences.first(where: { $0.controller == true }),
                owner.kind == "Pod"
            else { return }
            queue.add(ObjectKey(namespace: claim.metadata.namespace ?? "", name: owner.name))
        }
    }

    package func run() async {
        await KeyedLoop(context, queue: queue) { try await reconcile($0) }.run()
    }

    private func reconcile(_ key: ObjectKey) async throws -> Reconciler<ObjectKey>.Outcome {
        guard let pod = pods[key], pod.metadata.deletionTimestamp == nil else { return .done }
        for volume in pod.spec.volumes {
            guard let template = volume.ephemeral?.volumeClaimTemplate else { continue }
            do { try await make(Self.claim(for: pod, volume.name, template)) } catch {
                context.events.record(
                    ObjectReference(pod), type: "Warning", reason: "FailedBinding", message: "ephemeral volume \(volume.name): \(error)")
                throw error
            }
        }
        return .done
    }

    private func make(_ claim: PersistentVolumeClaim) async throws {
        let key = ObjectKey(claim)
        if let present = claims[key] {
            guard present.metadata.ownerReferences.first?.uid == claim.metadata.ownerReferences.first?.uid else {
                throw VolumeError(
                    "PVC \(key) was not created for pod \(key.namespace)/\(claim.metadata.ownerReferences[0].name) (pod is not owner)")
            }
            return
        }
        do throws(ClientError) {
            _ = try await context.client.resource(PersistentVolumeClaim.self, namespace: key.namespace).create(claim)
        } catch {
            // Whose it is shows when the copy has it.
            guard error.isAlreadyExists else { throw error }
            throw StillWaiting()
        }
    }

    static func claim(for pod: Pod, _ volume: String, _ template: PersistentVolumeClaimTemplate) -> PersistentVolumeClaim {
        PersistentVolumeClaim {
            $0.metadata.name = "\(pod.metadata.name ?? "")-\(volume)"
            $0.metadata.namespace = pod.metadata.namespace
            $0.metadata.labels = template.metadata.labels
            $0.metadata.annotations = template.metadata.annotations
            $0.metadata.ownerReferences = [
                OwnerReference {
                    $0.apiVersion = "v1"
                    $0.kind = "Pod"
                    $0.name = pod.metadata.name ?? ""
                    $0.uid = pod.metadata.uid ?? ""
                    $0.controller = true
                    $0.blockOwnerDeletion = true
                }
            ]
            $0.spec = template.spec
        }
    }

    private struct VolumeError: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }
}
