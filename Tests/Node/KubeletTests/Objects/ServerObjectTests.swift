import APIMachinery
import CRI
import KubernetesAPI
import TestSupport
import Testing

@testable import Kubelet

/// What pods take from objects of a real API server, by the rights of a node.
struct ServerObjectTests {
    private static let mapVolume: JSONValue = ["volumes": [["name": "v", "configMap": ["name": "cm"]]]]

    @Test func `a changed ConfigMap reaches the volume of a running pod, as a whole`() async throws {
        try await ObjectCluster.run { cluster in
            try await cluster.createConfigMap("cm", ["k": "v1", "other": "x"])
            let pod = try await cluster.start("p", Self.mapVolume)
            try await cluster.waitUntilRunning(pod)
            let volume = cluster.paths.volume(pod.uid, plugin: "configmap", "v")
            #expect(try projected(volume, "k") == "v1")
            #expect(try await cluster.mounts(of: pod).isEmpty == false)
            try await cluster.send("PATCH", "namespaces/default/configmaps/cm", ["data": ["k": "v2", "other": nil, "new": "y"]])
            #expect(try await eventually { try projected(volume, "k") == "v2" })
            // Names are brought up to date after the content, which changes in one step.
            #expect(try await eventually { try PodFiles.list(volume).filter { !$0.hasPrefix("..") } == ["k", "new"] })
            #expect(cluster.recorder.reasons(of: "c") == ["Pulled", "Created", "Started"])
        }
    }

    @Test func `a pod waits for its ConfigMap and starts when it comes`() async throws {
        try await ObjectCluster.run { cluster in
            let pod = try await cluster.start("p", Self.mapVolume)
            try await cluster.waitForEvent("FailedMount: MountVolume.SetUp failed for volume \"v\" : configmap \"cm\" not found")
            #expect(cluster.status(pod).phase == "Pending")
            #expect(cluster.status(pod).containerStatuses.first?.state.waiting?.reason == "ContainerCreating")
            try await cluster.createConfigMap("cm", ["k": "v"])
            try await cluster.waitUntilRunning(pod)
            #expect(cluster.recorder.texts.filter { $0.hasPrefix("FailedMount") }.count == 1)
        }
    }

    private static let missing: [(JSONValue, String, String, JSONValue)] = [
        (
            ["env": [["name": "V", "valueFrom": ["configMapKeyRef": ["name": "none", "key": "k"]]]]], "configmap \"none\" not found",
            "configmaps", ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "none"], "data": ["k": "v"]]
        ),
        (
            ["env": [["name": "V", "valueFrom": ["secretKeyRef": ["name": "none", "key": "k"]]]]], "secret \"none\" not found",
            "secrets", ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": "none"], "stringData": ["k": "v"]]
        ),
    ]

    @Test(arguments: [0, 1]) func `a container waits for what its variables come from`(index: Int) async throws {
        let (container, message, path, object) = Self.missing[index]
        try await ObjectCluster.run { cluster in
            var whole: JSONValue = ["name": "c", "image": "fixture:1", "imagePullPolicy": "IfNotPresent"]
            for member in container.objectValue?.members ?? [] { whole[member.key] = member.value }
            let pod = try await cluster.start("p", ["containers": .array([whole])])
            try await cluster.waitForEvent("Failed: Error: \(message)")
            #expect(try await eventually { cluster.status(pod).containerStatuses.first?.state.waiting?.message == message })
            #expect(cluster.status(pod).containerStatuses.first?.state.waiting?.reason == "CreateContainerConfigError")
            try await cluster.create("namespaces/default/\(path)", object)
            try await cluster.waitUntilRunning(pod)
            #expect(try await cluster.environment(of: pod).first == "V=v")
        }
    }

    @Test func `the default token, the authority and the namespace are mounted where clients look`() async throws {
        try await ObjectCluster.run { cluster in
            try await cluster.createConfigMap("kube-root-ca.crt", ["ca.crt": "PEM"])
            let pod = try await cluster.start("p", [:], token: true)
            try await cluster.waitUntilRunning(pod)
            let name = try #require(pod.spec.volumes.first?.name)
            let volume = cluster.paths.memoryVolume(pod.uid, plugin: "projected", name)
            #expect(try projected(volume, "token") == "default/p/https://issuer")
            #expect(try projected(volume, "ca.crt") == "PEM")
            #expect(try projected(volume, "namespace") == "default")
            let mount = try #require(
                try await cluster.mounts(of: pod).first { $0.containerPath == "/var/run/secrets/kubernetes.io/serviceaccount" })
            #expect(mount.hostPath == volume)
            #expect(mount.readonly)
            let request = try #require(cluster.requests.bodies(of: "POST /api/v1/namespaces/default/serviceaccounts/default/token").first)
            #expect(request["spec"]?["expirationSeconds"]?.integerValue == 3607)
            #expect(request["spec"]?["audiences"] == nil)
            #expect(request["spec"]?["boundObjectRef"]?["uid"]?.stringValue == pod.uid)
            cluster.kubelet.delete(pod.uid)
            await cluster.kubelet.waitUntilRemoved(pod.uid)
            #expect(try PodFiles.list(cluster.paths.memory).isEmpty)
        }
    }

    @Test func `a token for an audience, for the group or the one user of the pod`() async throws {
        try await ObjectCluster.run { cluster in
            let source: JSONValue = ["serviceAccountToken": ["path": "tok", "audience": "vault", "expirationSeconds": 600]]
            let spec: JSONValue = [
                "securityContext": ["runAsUser": 1000, "fsGroup": 2000],
                "volumes": [["name": "t", "projected": ["sources": .array([source])]]],
            ]
            let pod = try await cluster.start("p", spec)
            try await cluster.waitUntilRunning(pod)
            let volume = cluster.paths.memoryVolume(pod.uid, plugin: "projected", "t")
            #expect(try projected(volume, "tok") == "default/p/vault")
            let data = try #require(PodFiles.target(ofLink: "\(volume)/..data"))
            let file = try #require(FileFacts("\(volume)/\(data)/tok"))
            #expect(file == FileFacts(mode: 0o640, uid: 1000, gid: 2000))
            let request = try #require(cluster.requests.bodies(of: "POST /api/v1/namespaces/default/serviceaccounts/default/token").first)
            #expect(request["spec"]?["audiences"] == ["vault"])
        }
    }

    @Test func `only what pods refer to is watched, and let go of with the last of them`() async throws {
        try await ObjectCluster.run { cluster in
            try await cluster.createConfigMap("cm", ["k": "v"])
            try await cluster.createConfigMap("fixed", ["k": "v"], immutable: true)
            let volumes: JSONValue = [
                "volumes": [["name": "v", "configMap": ["name": "cm"]], ["name": "f", "configMap": ["name": "fixed"]]]
            ]
            let first = try await cluster.start("a", volumes)
            let second = try await cluster.start("b", Self.mapVolume)
            for pod in [first, second] { try await cluster.waitUntilRunning(pod) }
            let objects = try #require(cluster.kubelet.objects as? ClientObjects)
            #expect(try await eventually { objects.watchCount == 1 })
            cluster.kubelet.delete(first.uid)
            await cluster.kubelet.waitUntilRemoved(first.uid)
            #expect(objects.watchCount == 1)
            cluster.kubelet.delete(second.uid)
            await cluster.kubelet.waitUntilRemoved(second.uid)
            #expect(objects.watchCount == 0)
        }
    }

    @Test func `variables of services, and of kubernetes always`() async throws {
        try await ObjectCluster.run { cluster in
            func service(_ name: String, _ address: String) -> JSONValue {
                [
                    "apiVersion": "v1", "kind": "Service", "metadata": ["name": .string(name)],
                    "spec": ["clusterIP": .string(address), "ports": [["name": "https", "port": 443]]],
                ]
            }
            try await cluster.create("namespaces/default/services", service("kubernetes", "10.96.0.1"))
            try await cluster.create("namespaces/default/services", service("web", "None"))
            let pod = try await cluster.start("p", ["enableServiceLinks": false])
            try await cluster.waitUntilRunning(pod)
            #expect(
                try await cluster.environment(of: pod) == [
                    "KUBERNETES_SERVICE_HOST=10.96.0.1", "KUBERNETES_SERVICE_PORT=443", "KUBERNETES_SERVICE_PORT_HTTPS=443",
                    "KUBERNETES_PORT=tcp://10.96.0.1:443", "KUBERNETES_PORT_443_TCP=tcp://10.96.0.1:443",
                    "KUBERNETES_PORT_443_TCP_PROTO=tcp", "KUBERNETES_PORT_443_TCP_PORT=443", "KUBERNETES_PORT_443_TCP_ADDR=10.96.0.1",
                ])
        }
    }

    @Test func `a server that is away takes nothing from pods that have what they need`() async throws {
        try await ObjectCluster.run { cluster in
            try await cluster.createConfigMap("cm", ["k": "v1"])
            let pod = try await cluster.start("p", Self.mapVolume)
            try await cluster.waitUntilRunning(pod)
            cluster.requests.isAway = true
            let objects = cluster.kubelet.objects
            #expect(try await objects.configMap("cm", for: pod).data == ["k": "v1"])
            await #expect(throws: ObjectError.self) { try await objects.secret("none", for: pod) }
        }
    }
}
