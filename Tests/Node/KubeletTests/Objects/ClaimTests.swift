import APIMachinery
import CRI
import KubernetesAPI
import TestSupport
import Testing

@testable import Kubelet

/// Volumes through claims, against a real API server. Nobody binds here: the tests do.
struct ClaimTests {
    private static let claimVolume: JSONValue = [
        "volumes": [["name": "v", "persistentVolumeClaim": ["claimName": "c"]]], "containers": container,
    ]
    private static let container: JSONValue = [
        [
            "name": "c", "image": "fixture:1", "imagePullPolicy": "IfNotPresent",
            "volumeMounts": [["name": "v", "mountPath": "/v"]],
        ]
    ]

    private func createClaim(_ cluster: ObjectCluster, mode: String = "ReadWriteOnce") async throws {
        try await cluster.create(
            "namespaces/default/persistentvolumeclaims",
            [
                "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": ["name": "c"],
                "spec": ["accessModes": [.string(mode)], "resources": ["requests": ["storage": "5Mi"]], "storageClassName": "st"],
            ])
    }

    private func createVolume(_ cluster: ObjectCluster, _ source: JSONValue, mode: String = "ReadWriteOnce", host: String = "node1")
        async throws
    {
        var spec: JSONValue = [
            "capacity": ["storage": "10Mi"], "accessModes": [.string(mode)], "storageClassName": "st",
            "persistentVolumeReclaimPolicy": "Retain",
            "nodeAffinity": [
                "required": [
                    "nodeSelectorTerms": [
                        ["matchExpressions": [["key": "kubernetes.io/hostname", "operator": "In", "values": [.string(host)]]]]
                    ]
                ]
            ],
        ]
        for member in source.objectValue?.members ?? [] { spec[member.key] = member.value }
        try await cluster.create(
            "persistentvolumes", ["apiVersion": "v1", "kind": "PersistentVolume", "metadata": ["name": "pv"], "spec": spec])
    }

    private func bind(_ cluster: ObjectCluster) async throws {
        let claim = try await cluster.send("GET", "namespaces/default/persistentvolumeclaims/c")
        let uid = claim["metadata"]?["uid"] ?? .null
        try await cluster.send(
            "PATCH", "persistentvolumes/pv",
            ["spec": ["claimRef": ["kind": "PersistentVolumeClaim", "namespace": "default", "name": "c", "apiVersion": "v1", "uid": uid]]])
        try await cluster.send("PATCH", "namespaces/default/persistentvolumeclaims/c", ["spec": ["volumeName": "pv"]])
        try await cluster.send("PATCH", "namespaces/default/persistentvolumeclaims/c/status", ["status": ["phase": "Bound"]])
    }

    private static func unprocessed(_ cause: String) -> String {
        "FailedMount: Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], failed to process volumes=[v]: "
            + "error processing PVC default/c: \(cause)"
    }

    @Test(arguments: ["local", "hostPath"]) func `a pod waits for its claim, and what it wrote stays`(type: String) async throws {
        try await ObjectCluster.run { cluster in
            let place = "\(cluster.directory.path)/place"
            try PodFiles.makeDirectory(place, mode: 0o755)
            let pod = try await cluster.start("p", Self.claimVolume)
            try await cluster.waitForEvent(
                Self.unprocessed("failed to fetch PVC from API server: persistentvolumeclaims \"c\" not found"))
            try await createClaim(cluster)
            try await cluster.waitForEvent(Self.unprocessed("PVC is not bound"))
            try await createVolume(cluster, [type: ["path": .string(place)]])
            try await bind(cluster)
            try await cluster.waitUntilRunning(pod)
            let mount = try #require(try await cluster.mounts(of: pod).first { $0.containerPath == "/v" })
            #expect(mount.hostPath == place)
            #expect(!mount.readonly)
            try PodFiles.touch("\(place)/written", mode: 0o644)
            cluster.kubelet.delete(pod.uid)
            await cluster.kubelet.waitUntilRemoved(pod.uid)
            #expect(PodFiles.kind("\(place)/written") == .file)
        }
    }

    @Test func `a volume of another node`() async throws {
        try await ObjectCluster.run { cluster in
            try await createClaim(cluster)
            try await createVolume(cluster, ["local": ["path": "/nowhere"]], host: "node2")
            try await bind(cluster)
            try await cluster.start("p", Self.claimVolume)
            try await cluster.waitForEvent(
                "FailedMount: MountVolume.NodeAffinity check failed for volume \"pv\" : no matching NodeSelectorTerms")
        }
    }

    @Test func `a local volume whose directory is missing`() async throws {
        try await ObjectCluster.run { cluster in
            let place = "\(cluster.directory.path)/place"
            try await createClaim(cluster)
            try await createVolume(cluster, ["local": ["path": .string(place)]])
            try await bind(cluster)
            let pod = try await cluster.start("p", Self.claimVolume)
            try await cluster.waitForEvent(
                "FailedMount: MountVolume.NewMounter initialization failed for volume \"pv\" : path \"\(place)\" does not exist")
            try PodFiles.makeDirectory(place, mode: 0o755)
            try await cluster.waitUntilRunning(pod)
        }
    }

    @Test func `ReadWriteOncePod is for one pod after the other`() async throws {
        try await ObjectCluster.run { cluster in
            let mode = "ReadWriteOncePod"
            try await createClaim(cluster, mode: mode)
            try await createVolume(cluster, ["local": ["path": .string(cluster.directory.path)]], mode: mode)
            try await bind(cluster)
            let first = try await cluster.start("a", Self.claimVolume)
            try await cluster.waitUntilRunning(first)
            let second = try await cluster.start("b", Self.claimVolume)
            try await cluster.waitForEvent(
                "FailedMount: MountVolume.SetUp failed for volume \"pv\" : "
                    + "volume uses the ReadWriteOncePod access mode and is already in use by another pod")
            cluster.kubelet.delete(first.uid)
            try await cluster.waitUntilRunning(second)
        }
    }
}
