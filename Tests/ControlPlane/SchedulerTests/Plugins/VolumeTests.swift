import APIMachinery
import KubernetesAPI
import KubernetesClient
import Testing

@testable import Scheduler

struct VolumeTests {
    private func claim(
        _ name: String, volume: String? = nil, storageClass: String = "", modes: [String] = ["ReadWriteOnce"], storage: String = "5Mi",
        more: JSONObject = JSONObject()
    ) -> PersistentVolumeClaim {
        var json: JSONValue = [
            "metadata": ["name": .string(name), "namespace": "ns", "uid": .string("uid-\(name)")],
            "spec": [
                "storageClassName": .string(storageClass), "accessModes": .array(modes.map { .string($0) }),
                "resources": ["requests": ["storage": .string(storage)]],
            ],
        ]
        if let volume {
            json = json.merging([
                "metadata": ["annotations": ["pv.kubernetes.io/bind-completed": "yes"]], "spec": ["volumeName": .string(volume)],
                "status": ["phase": "Bound"],
            ])
        }
        return PersistentVolumeClaim.decode(json.merging(.object(more)), options: .lenient).object ?? PersistentVolumeClaim()
    }

    private func volume(
        _ name: String, storage: String = "10Mi", storageClass: String = "", on node: String? = nil, labels: [String: String] = [:],
        more: JSONObject = JSONObject()
    ) -> VolumeInfo {
        var json: JSONValue = [
            "metadata": ["name": .string(name), "labels": .labels(labels)],
            "spec": [
                "capacity": ["storage": .string(storage)], "accessModes": ["ReadWriteOnce"], "storageClassName": .string(storageClass),
            ],
            "status": ["phase": "Available"],
        ]
        if let node {
            let terms: JSONValue = [["matchExpressions": [["key": "kubernetes.io/hostname", "operator": "In", "values": [.string(node)]]]]]
            json = json.merging(["spec": ["nodeAffinity": ["required": ["nodeSelectorTerms": terms]]]])
        }
        return VolumeInfo(PersistentVolume.decode(json.merging(.object(more)), options: .lenient).object ?? PersistentVolume())
    }

    private func storageClass(_ name: String, provisioner: String = "kubernetes.io/no-provisioner", late: Bool = true) -> StorageClass {
        StorageClass {
            $0.metadata.name = name
            $0.provisioner = provisioner
            $0.volumeBindingMode = late ? "WaitForFirstConsumer" : "Immediate"
        }
    }

    private func pod(_ name: String, _ claims: String...) -> PodInfo {
        Make.pod(
            name,
            spec: [
                "volumes": .array(claims.map { ["name": .string("v-\($0)"), "persistentVolumeClaim": ["claimName": .string($0)]] })
            ])
    }

    private func cluster(
        _ claims: [PersistentVolumeClaim] = [], _ volumes: [VolumeInfo] = [], _ classes: [StorageClass] = [],
        nodes: [NodeInfo] = [Make.node("a"), Make.node("b")]
    ) -> ClusterSnapshot {
        var cluster = Make.cluster(nodes)
        for claim in claims { cluster.volumes.setClaim(ObjectKey(claim), claim) }
        for volume in volumes { cluster.volumes.setVolume(volume) }
        for storageClass in classes { cluster.volumes.classes[storageClass.metadata.name ?? ""] = storageClass }
        return cluster
    }

    @Test func `claims that stop a pod everywhere`() {
        let all = cluster(
            [
                claim("immediate"), claim("lost", more: ["status": ["phase": "Lost"], "spec": ["volumeName": "v"]]),
                claim("going", volume: "v", more: ["metadata": ["deletionTimestamp": "2026-01-01T00:00:00Z"]]),
            ])
        func message(_ claim: String) -> String? { refusals(VolumeBinding(), pod("p", claim), all)["a"] }
        #expect(message("none") == "persistentvolumeclaim \"none\" not found")
        #expect(message("immediate") == "pod has unbound immediate PersistentVolumeClaims")
        #expect(message("lost") == "persistentvolumeclaim \"lost\" bound to non-existent persistentvolume \"v\"")
        #expect(message("going") == "persistentvolumeclaim \"going\" is being deleted")
    }

    @Test func `a bound volume is reached from its node alone`() {
        let all = cluster([claim("c", volume: "v"), claim("d", volume: "gone")], [volume("v", on: "a")])
        #expect(refusals(VolumeBinding(), pod("p", "c"), all) == ["b": "node(s) didn't match PersistentVolume's node affinity"])
        #expect(
            refusals(VolumeBinding(), pod("p", "d"), all)["a"]
                == "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)")
    }

    @Test func `a late claim takes the smallest volume that will do and that the node reaches`() throws {
        var all = cluster(
            [claim("c", storageClass: "local"), claim("d", storageClass: "local"), claim("big", storageClass: "local", storage: "1Gi")],
            [
                volume("large", storage: "20Mi", storageClass: "local", on: "a"),
                volume("small", storage: "6Mi", storageClass: "local", on: "a"),
                volume("tiny", storage: "1Mi", storageClass: "local", on: "b"), volume("other", storageClass: "x"),
            ], [storageClass("local")])
        let unavailable = "node(s) didn't find available persistent volumes to bind"
        #expect(refusals(VolumeBinding(), pod("p", "c"), all) == ["b": unavailable])
        #expect(refusals(VolumeBinding(), pod("p", "c", "d"), all) == ["b": unavailable])
        #expect(refusals(VolumeBinding(), pod("p", "big"), all).count == 2)
        // What one pod has been promised another does not get.
        #expect(VolumeBinding().reserve(pod("p", "c"), on: "a", &all) == nil)
        let small = try #require(all.volumes.volumes["small"])
        let large = try #require(all.volumes.volumes["large"])
        #expect(all.volumes.claim(of: small) == ObjectKey(namespace: "ns", name: "c"))
        #expect(VolumeBinding().reserve(pod("q", "d"), on: "a", &all) == nil)
        #expect(all.volumes.claim(of: large) == ObjectKey(namespace: "ns", name: "d"))
        VolumeBinding().unreserve(pod("p", "c"), on: "a", &all)
        #expect(all.volumes.claim(of: small) == nil)
    }

    @Test func `a volume that can be made is made where the class allows`() {
        var zoned = storageClass("made", provisioner: "example.com/disk")
        zoned.allowedTopologies = [
            TopologySelectorTerm {
                $0.matchLabelExpressions = [
                    TopologySelectorLabelRequirement {
                        $0.key = "zone"
                        $0.values = ["z"]
                    }
                ]
            }
        ]
        let nodes = [Make.node("a", labels: ["zone": "z"]), Make.node("b")]
        var all = cluster([claim("c", storageClass: "made")], [], [zoned], nodes: nodes)
        #expect(refusals(VolumeBinding(), pod("p", "c"), all).keys.sorted() == ["b"])
        #expect(VolumeBinding().reserve(pod("p", "c"), on: "a", &all) == nil)
        #expect(all.volumes.selectedNode(of: ObjectKey(namespace: "ns", name: "c")) == "a")
        #expect(VolumeBinding().preBind(pod("p", "c"), on: "a", all) != nil)
    }

    @Test func `a claim for one pod alone`() {
        var all = cluster([claim("c", volume: "v", modes: ["ReadWriteOncePod"])], [volume("v")])
        #expect(refusals(VolumeRestrictions(), pod("p", "c"), all) == [:])
        all.place(pod("user", "c"), on: "a")
        #expect(refusals(VolumeRestrictions(), pod("p", "c"), all).count == 2)
        all.removePod("uid-user")
        #expect(refusals(VolumeRestrictions(), pod("p", "c"), all) == [:])
    }

    @Test func `zones of volumes`() {
        let zone = "topology.kubernetes.io/zone"
        let nodes = [Make.node("a", labels: [zone: "z1"]), Make.node("b", labels: [zone: "z2"]), Make.node("none")]
        let all = cluster([claim("c", volume: "v")], [volume("v", labels: [zone: "z1__z3"])], nodes: nodes)
        #expect(refusals(VolumeZone(), pod("p", "c"), all) == ["b": "node(s) had no available volume zone"])
    }

    @Test func `attachments are limited by the driver`() {
        let source: JSONObject = ["spec": ["csi": ["driver": "d", "volumeHandle": "1"]]]
        let other: JSONObject = ["spec": ["csi": ["driver": "d", "volumeHandle": "2"]]]
        var all = cluster([claim("c", volume: "v"), claim("d", volume: "w")], [volume("v", more: source), volume("w", more: other)])
        all.volumes.csiNodes["a"] = CSINode {
            $0.spec.drivers = [
                CSINodeDriver {
                    $0.name = "d"
                    $0.allocatable = VolumeNodeResources { $0.count = 1 }
                }
            ]
        }
        all.place(pod("user", "c"), on: "a")
        #expect(refusals(NodeVolumeLimits(), pod("p", "d"), all) == ["a": "node(s) exceed max volume count"])
        // The same volume is attached already.
        #expect(refusals(NodeVolumeLimits(), pod("p", "c"), all) == [:])
    }
}
