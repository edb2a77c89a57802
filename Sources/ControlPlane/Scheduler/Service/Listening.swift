internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Follows the kinds that a decision depends on beside pods and nodes, and hands changes to the loop.
struct SchedulerListener: Sendable {
    let mailbox: Mailbox<SchedulerMessage>

    func listen(_ informers: SharedInformers) {
        listenToVolumes(informers)
        listenToOwners(informers)
        follow(informers, PodDisruptionBudget.self) { key, budget, cluster in
            cluster.budgets.removeAll { $0.key == key }
            if let budget { cluster.budgets.append(DisruptionBudget(budget)) }
            return nil
        }
    }

    private func listenToVolumes(_ informers: SharedInformers) {
        follow(informers, PersistentVolumeClaim.self) { key, claim, cluster in
            cluster.volumes.setClaim(key, claim)
            return .volumes(.claimChanged("\(key)"))
        }
        follow(informers, PersistentVolume.self) { key, volume, cluster in
            if let volume { cluster.volumes.setVolume(VolumeInfo(volume)) } else { cluster.volumes.removeVolume(key.name) }
            return volume == nil ? nil : .volumes(.volumeChanged)
        }
        follow(informers, StorageClass.self) { key, storageClass, cluster in
            cluster.volumes.classes[key.name] = storageClass
            return storageClass == nil ? nil : .volumes(.classChanged)
        }
        follow(informers, CSINode.self) { key, node, cluster in
            cluster.volumes.csiNodes[key.name] = node
            return .volumes(.nodeLimitsChanged(key.name))
        }
    }

    private func listenToOwners(_ informers: SharedInformers) {
        follow(informers, Service.self) { key, service, cluster in
            cluster.owners.setService(key, selector: service?.spec.selector)
            return nil
        }
        followOwner(informers, ReplicaSet.self) { try? $0.spec.selector.selector() }
        followOwner(informers, StatefulSet.self) { try? $0.spec.selector.selector() }
        followOwner(informers, ReplicationController.self) { Selector(equalTo: $0.spec.selector) }
    }

    /// - Parameter apply: Gets nil for an object that is gone; says what may wake pods.
    private func follow<Object: KubernetesObject>(
        _ informers: SharedInformers, _ type: Object.Type,
        _ apply: @escaping @Sendable (ObjectKey, Object?, inout ClusterSnapshot) -> ClusterChange?
    ) {
        informers.informer(type).addHandler { [mailbox] event in
            let (key, object): (ObjectKey, Object?) =
                switch event {
                case .added(let new), .updated(_, let new): (ObjectKey(new), new)
                case .deleted(let old): (ObjectKey(old), nil)
                }
            mailbox.post(.change { apply(key, object, &$0) })
        }
    }

    private func followOwner<Object: KubernetesObject>(
        _ informers: SharedInformers, _ type: Object.Type, _ selector: @escaping @Sendable (Object) -> Selector?
    ) {
        informers.informer(type).addHandler { [mailbox] event in
            switch event {
            case .added(let new), .updated(_, let new):
                let (uid, own) = (new.metadata.uid ?? "", selector(new))
                mailbox.post(
                    .change {
                        $0.owners.setWorkload(uid: uid, selector: own)
                        return nil
                    })
            case .deleted(let old):
                let uid = old.metadata.uid ?? ""
                mailbox.post(
                    .change {
                        $0.owners.setWorkload(uid: uid, selector: nil)
                        return nil
                    })
            }
        }
    }
}

extension DisruptionBudget {
    init(_ budget: PodDisruptionBudget) {
        self.init(
            key: ObjectKey(budget), selector: budget.spec.selector.flatMap { try? $0.selector() } ?? Selector(),
            disruptionsAllowed: Int64(budget.status.disruptionsAllowed), disruptedPods: Set(budget.status.disruptedPods.keys))
    }
}
