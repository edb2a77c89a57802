import APIMachinery
@testable import Controllers
import KubernetesAPI
@testable import KubernetesClient
import Synchronization
import Testing

struct VolumeTests {
    private func volume(_ name: String, _ size: String, storageClass: String = "st", _ fill: (inout PersistentVolume) -> Void = { _ in })
        -> PersistentVolume
    {
        var volume = PersistentVolume {
            $0.metadata.name = name
            $0.spec.capacity = ["storage": (try? Quantity(parsing: size)) ?? .zero]
            $0.spec.accessModes = ["ReadWriteOnce"]
            $0.spec.storageClassName = storageClass
            $0.spec.persistentVolumeReclaimPolicy = "Retain"
            $0.spec.hostPath = HostPathVolumeSource { $0.path = "/tmp/pv-\(name)" }
            $0.status.phase = "Available"
        }
        fill(&volume)
        return volume
    }

    private func claim(_ name: String = "c", storageClass: String? = "st", _ fill: (inout PersistentVolumeClaim) -> Void = { _ in })
        -> PersistentVolumeClaim
    {
        var claim = PersistentVolumeClaim {
            $0.metadata.name = name
            $0.metadata.namespace = "default"
            $0.metadata.uid = "uid-\(name)"
            $0.spec.accessModes = ["ReadWriteOnce"]
            $0.spec.resources.requests = ["storage": (try? Quantity(parsing: "5Mi")) ?? .zero]
            $0.spec.storageClassName = storageClass
        }
        fill(&claim)
        return claim
    }

    private func storageClass(_ name: String, mode: String = "Immediate", isDefault: Bool = false) -> StorageClass {
        StorageClass {
            $0.metadata.name = name
            $0.provisioner = "swiftlet.dev/local"
            $0.volumeBindingMode = mode
            if isDefault { $0.metadata.annotations = ["storageclass.kubernetes.io/is-default-class": "true"] }
        }
    }

    private func text(_ decision: ClaimDecision) -> String {
        switch decision {
        case .bind(let volume): "bind \(volume.metadata.name ?? "")"
        case .provision(let storageClass): "provision \(storageClass.metadata.name ?? "")"
        case .pending(let type, let reason, let message): "\(type) \(reason): \(message)"
        case .lost(let reason, _): "lost \(reason)"
        case .setClass(let name): "class \(name)"
        }
    }

    private func decide(_ claim: PersistentVolumeClaim, _ volumes: [PersistentVolume] = [], _ classes: [StorageClass] = []) -> String {
        text(ClaimDecision(claim, .init(volumes: volumes, classes: classes)))
    }

    @Test func `the smallest volume that fits is bound, the one bound beforehand before all`() {
        let volumes = [
            volume("big", "100Mi"), volume("small", "10Mi"), volume("tiny", "1Mi"), volume("other", "6Mi", storageClass: "x"),
            volume("taken", "6Mi") { $0.spec.claimRef = ObjectReference { $0.name = "another" } },
            volume("block", "6Mi") { $0.spec.volumeMode = "Block" },
        ]
        #expect(decide(claim(), volumes) == "bind small")
        let reserved = volume("reserved", "50Mi") {
            $0.spec.claimRef = ObjectReference {
                $0.namespace = "default"
                $0.name = "c"
            }
        }
        #expect(decide(claim(), volumes + [reserved]) == "bind reserved")
        #expect(
            decide(claim { $0.spec.selector = LabelSelector { $0.matchLabels = ["a": "b"] } }, volumes).hasPrefix(
                "Warning ProvisioningFailed"))
    }

    @Test func `a claim without a volume says why, as recorded`() {
        #expect(
            decide(claim(storageClass: ""))
                == "Normal FailedBinding: no persistent volumes available for this claim and no storage class is set")
        #expect(decide(claim(storageClass: "unknown")) == "Warning ProvisioningFailed: storageclass.storage.k8s.io \"unknown\" not found")
        #expect(decide(claim { $0.spec.volumeName = "missing" }) == " : ")
        #expect(
            decide(claim(storageClass: "w"), [], [storageClass("w", mode: "WaitForFirstConsumer")])
                == "Normal WaitForFirstConsumer: waiting for first consumer to be created before binding")
        let chosen = claim(storageClass: "w") { $0.metadata.annotations = ["volume.kubernetes.io/selected-node": "n"] }
        #expect(decide(chosen, [], [storageClass("w", mode: "WaitForFirstConsumer")]) == "provision w")
        #expect(decide(claim(storageClass: nil), [], [storageClass("d", isDefault: true)]) == "class d")
    }

    @Test func `a bound claim that has lost its volume says so`() {
        let bound = claim {
            $0.metadata.annotations = ["pv.kubernetes.io/bind-completed": "yes"]
            $0.spec.volumeName = "v"
        }
        #expect(decide(bound) == "lost ClaimLost")
        #expect(decide(bound, [volume("v", "5Mi") { $0.spec.claimRef = ObjectReference { $0.uid = "other" } }]) == "lost ClaimMisbound")
        #expect(decide(bound, [volume("v", "5Mi") { $0.spec.claimRef = bound.reference }]) == "bind v")
    }

    @Test func `what becomes of a volume follows from its claim`() {
        let bound = claim { $0.spec.volumeName = "v" }
        let elsewhere = claim { $0.spec.volumeName = "w" }
        func named(_ fill: (inout PersistentVolume) -> Void = { _ in }) -> PersistentVolume {
            volume("v", "5Mi") {
                $0.spec.claimRef = bound.reference
                fill(&$0)
            }
        }
        #expect(VolumeDecision(volume("v", "5Mi"), nil) == .setPhase("Available"))
        #expect(VolumeDecision(named(), bound) == .setPhase("Bound"))
        #expect(VolumeDecision(named(), claim()) == .lookAtClaim)
        #expect(VolumeDecision(named(), nil) == .release)
        #expect(VolumeDecision(named(), elsewhere) == .unbind)
        let provisioned = named {
            $0.metadata.annotations = ["pv.kubernetes.io/provisioned-by": "p"]
            $0.spec.persistentVolumeReclaimPolicy = "Delete"
        }
        #expect(VolumeDecision(provisioned, elsewhere) == .release)
    }

    @Test func `static binding, protection and release, as recorded`() async throws {
        let bed = try await ClusterBed()
        let controllers: [any Controller.Type] = [VolumeBinder.self, ClaimProtection.self, VolumeProtection.self]
        try await bed.run(controllers) {
            let volumes = bed.admin.resource(PersistentVolume.self)
            let claims = bed.admin.resource(PersistentVolumeClaim.self, namespace: "default")
            _ = try await volumes.create(volume("v-big", "100Mi"))
            _ = try await volumes.create(volume("v-small", "10Mi"))
            try await expectEventually("available") {
                try await volumes.list().items.allSatisfy { $0.status.phase == "Available" }
            }
            var new = claim()
            new.metadata.uid = nil
            _ = try await claims.create(new)
            try await expectEventually("bound") {
                let (claim, volume) = (try await claims.get("c"), try await volumes.get("v-small"))
                return claim.status.phase == "Bound" && claim.spec.volumeName == "v-small" && volume.status.phase == "Bound"
                    && volume.spec.claimRef?.uid == claim.metadata.uid && claim.status.accessModes == ["ReadWriteOnce"]
                    && claim.status.capacity["storage"]?.description == "10Mi"
            }
            let bound = try await claims.get("c")
            #expect(
                bound.metadata.annotations == ["pv.kubernetes.io/bind-completed": "yes", "pv.kubernetes.io/bound-by-controller": "yes"])
            #expect(try await volumes.get("v-small").metadata.annotations == ["pv.kubernetes.io/bound-by-controller": "yes"])
            let pods = bed.admin.resource(Pod.self, namespace: "default")
            _ = try await pods.create(
                boundPod("p", node: "n") {
                    $0.spec.volumes = [
                        Volume {
                            $0.name = "v"
                            $0.persistentVolumeClaim = PersistentVolumeClaimVolumeSource { $0.claimName = "c" }
                        }
                    ]
                })
            try await claims.delete("c")
            #expect(try await claims.get("c").metadata.finalizers == ["kubernetes.io/pvc-protection"])
            try await pods.delete("p", gracePeriodSeconds: 0)
            try await expectEventually("the claim is gone") { await bed.isGone(PersistentVolumeClaim.self, "c") }
            try await expectEventually("released") { try await volumes.get("v-small").status.phase == "Released" }
            try await volumes.delete("v-small")
            try await volumes.delete("v-big")
            try await expectEventually("the volumes are gone") { try await volumes.list().items.isEmpty }
        }
    }

    @Test func `a local directory is made into a volume for the chosen node, and goes with its claim`() async throws {
        let bed = try await ClusterBed()
        try await bed.makeNode("n")
        let removed = Mutex<[String]>([])
        var settings = ControllerSettings()
        settings.localVolumes = LocalVolumes(root: "/data") { node, path in removed.withLock { $0.append("\(node) \(path)") } }
        try await bed.run([VolumeBinder.self, ClaimProtection.self, VolumeProtection.self], settings: settings) {
            _ = try await bed.admin.resource(StorageClass.self).create(
                StorageClass {
                    $0.metadata.name = "standard"
                    $0.metadata.annotations = ["storageclass.kubernetes.io/is-default-class": "true"]
                    $0.provisioner = "swiftlet.dev/local"
                    $0.volumeBindingMode = "WaitForFirstConsumer"
                    $0.reclaimPolicy = "Delete"
                })
            let claims = bed.admin.resource(PersistentVolumeClaim.self, namespace: "default")
            var new = claim(storageClass: nil)
            new.metadata.uid = nil
            _ = try await claims.create(new)
            try await expectEventually("it waits") {
                try await bed.events("WaitForFirstConsumer") == ["waiting for first consumer to be created before binding"]
            }
            // As the scheduler does.
            _ = try await claims.patch("c", .merge, ["metadata": ["annotations": ["volume.kubernetes.io/selected-node": "n"]]])
            try await expectEventually("bound") { try await claims.get("c").status.phase == "Bound" }
            let bound = try await claims.get("c")
            let volume = try await bed.admin.resource(PersistentVolume.self).get("pvc-\(bound.metadata.uid ?? "")")
            let path = "/data/pvc-\(bound.metadata.uid ?? "")_default_c"
            #expect(volume.spec.hostPath?.path == path && volume.spec.hostPath?.type == "DirectoryOrCreate")
            #expect(volume.spec.nodeAffinity?.required?.nodeSelectorTerms.first?.matchExpressions.first?.values == ["n"])
            try await claims.delete("c")
            try await expectEventually("the volume is gone") {
                await bed.isGone(PersistentVolume.self, volume.metadata.name ?? "", in: nil)
            }
            #expect(removed.withLock { Set($0) } == ["n \(path)"])
        }
    }

    @Test func `a pod's ephemeral volume gets its claim, and one of another is refused`() async throws {
        let bed = try await ClusterBed()
        try await bed.run([EphemeralVolumes.self]) {
            let pods = bed.admin.resource(Pod.self, namespace: "default")
            let claims = bed.admin.resource(PersistentVolumeClaim.self, namespace: "default")
            var foreign = claim("q-v")
            foreign.metadata.uid = nil
            _ = try await claims.create(foreign)
            for name in ["p", "q"] {
                _ = try await pods.create(
                    boundPod(name) {
                        $0.spec.volumes = [
                            Volume {
                                $0.name = "v"
                                $0.ephemeral = EphemeralVolumeSource {
                                    $0.volumeClaimTemplate = PersistentVolumeClaimTemplate { $0.spec = claim().spec }
                                }
                            }
                        ]
                    })
            }
            try await expectEventually("the claim") {
                try await claims.list().items.contains { $0.metadata.name == "p-v" && $0.metadata.ownerReferences.first?.name == "p" }
            }
            try await expectEventually("the event") {
                try await bed.events("FailedBinding")
                    == ["ephemeral volume v: PVC default/q-v was not created for pod default/q (pod is not owner)"]
            }
        }
    }
}
