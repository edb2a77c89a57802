import APIMachinery
import KubernetesAPI
import Testing

@testable import Kubelet

/// ConfigMaps and Secrets that stand beside pods.
struct ManifestObjectsTests {
    private static func load(_ text: String) throws(ManifestError) -> PodManifest.Content {
        let file = "pod.yaml"
        return try PodManifest.content(try ManifestReader.read(Array(text.utf8), file: file), file: file, accepting: .everything)
    }

    private static func problems(_ text: String) -> [String] {
        do throws(ManifestError) {
            _ = try load(text)
            return []
        } catch {
            return error.description.split(separator: "\n").map(String.init)
        }
    }

    private static let pod = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: i}]}}\n"

    @Test func `objects are kept by namespace and name, in any order and in lists`() throws {
        let content = try Self.load(
            """
            {apiVersion: v1, kind: Secret, metadata: {name: s, namespace: other}, data: {k: dg==}, stringData: {l: w}}
            ---
            \(Self.pod)---
            {apiVersion: v1, kind: List, items: [
              {apiVersion: v1, kind: ConfigMap, metadata: {name: m}, data: {k: v}, binaryData: {b: AAE=}}]}
            """)
        #expect(content.pods.map(\.metadata.name) == ["p"])
        #expect(content.objects.secrets["other/s"]?.textData == ["k": "v", "l": "w"])
        #expect(content.objects.configMaps["default/m"]?.data == ["k": "v"])
        #expect(content.objects.configMaps["default/m"]?.binaryData["b"]?.bytes == [0, 1])
    }

    @Test(arguments: [
        (
            "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d}}",
            #"kind: Unsupported value: "Deployment": supported values: "Pod", "ConfigMap", "Secret", "PodList", "List""#
        ),
        ("{apiVersion: v2, kind: Secret, metadata: {name: s}}", #"apiVersion: Unsupported value: "v2": supported values: "v1""#),
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: m}, dota: {}}", #"dota: unknown field: did you mean "data"?"#),
        (
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: m}, data: {a: 1}}",
            "data[a]: expected string, got integer 1: put it in quotes"
        ),
        (
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: m}, data: {..a: x}}",
            #"data[..a]: Invalid value: "..a": must not start with '..'"#
        ),
        (
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: m}, data: {a: x}, binaryData: {a: AA==}}",
            #"data[a]: Invalid value: "a": duplicate of key present in binaryData"#
        ),
        (
            "{apiVersion: v1, kind: Secret, type: kubernetes.io/tls, metadata: {name: s}, stringData: {tls.key: x}}",
            "data[tls.crt]: Required value"
        ),
    ])
    func `says what is wrong with an object`(object: String, expected: String) {
        #expect(Self.problems(Self.pod + "---\n" + object) == ["pod.yaml:3: \(expected)"])
    }

    @Test func `a manifest needs a pod, and one object of a name`() {
        let map = "{apiVersion: v1, kind: ConfigMap, metadata: {name: m}}\n"
        #expect(Self.problems(map) == ["pod.yaml: no Pod in it"])
        #expect(
            Self.problems(Self.pod + "---\n" + map + "---\n" + map)
                == [#"pod.yaml:5: metadata.name: Duplicate value: "m": a ConfigMap of this name stands already on line 3"#])
    }

    @Test func `names are generated as an API server does`() throws {
        let text = Self.pod.replacing("name: p}", with: "generateName: p-}")
        let names = try (0..<2).map { _ in try Self.load(text).pods[0].metadata.name ?? "" }
        #expect(names[0] != names[1])
        #expect(
            names.allSatisfy { $0.hasPrefix("p-") && $0.count == 7 && $0.dropFirst(2).allSatisfy("bcdfghjklmnpqrstvwxz2456789".contains) })
        let error = #expect(throws: ManifestError.self) {
            try PodManifest.load(try ManifestReader.read(Array(text.utf8), file: "p"), file: "p")
        }
        #expect(error?.description == "p:1: metadata.name: Required value: a static pod's name cannot be generated")
    }

    @Test func `text in UTF-16 is named as such`() {
        let bytes: [UInt8] = [0xff, 0xfe] + Array("kind: Pod\n".utf8).flatMap { [UInt8]([$0, 0]) }
        let error = #expect(throws: ManifestError.self) { try ManifestReader.read(bytes, file: "p") }
        #expect(error?.description == "p:1: the text is in UTF-16: write it in UTF-8")
    }

    @Test func `a field of a later version is no slip of the pen`() {
        let pod = Self.pod.replacing("image: i", with: "image: i}], hostnameOverride: h, volumes: [{name: v, emptyDir: {}")
        #expect(
            Self.problems(pod) == [
                "pod.yaml:1: spec.hostnameOverride: unknown field: "
                    + "Kubernetes has it since a later version than 1.33, whose fields this node knows"
            ])
    }
}

/// What containers get of ConfigMaps and Secrets, and the kubelet's words when there is nothing to get.
struct LocalObjectsTests {
    private static let objects: LocalObjects = {
        var objects = LocalObjects()
        objects.add(
            ConfigMap {
                $0.metadata.name = "m"
                $0.data = ["k": "v"]
            })
        objects.add(
            Secret {
                $0.metadata.name = "s"
                $0.data = ["k": Base64Data([0x77])]
            })
        return objects
    }()

    private func variable(_ source: EnvVarSource) -> EnvVar { EnvVar { ($0.name, $0.valueFrom) = ("V", source) } }

    private static let missing: [(EnvVarSource, String)] = [
        (EnvVarSource { $0.configMapKeyRef = ConfigMapKeySelector { ($0.name, $0.key) = ("none", "k") } }, "configmap \"none\" not found"),
        (EnvVarSource { $0.secretKeyRef = SecretKeySelector { ($0.name, $0.key) = ("none", "k") } }, "secret \"none\" not found"),
        (
            EnvVarSource { $0.configMapKeyRef = ConfigMapKeySelector { ($0.name, $0.key) = ("m", "x") } },
            "couldn't find key x in ConfigMap default/m"
        ),
        (
            EnvVarSource { $0.secretKeyRef = SecretKeySelector { ($0.name, $0.key) = ("s", "x") } },
            "couldn't find key x in Secret default/s"
        ),
    ]

    @Test(arguments: missing.indices) func `a variable without its source`(index: Int) async throws {
        let (source, message) = Self.missing[index]
        let pod = makePod("p") { $0.spec.containers[0].env = [variable(source)] }
        var setup = SimulationSetup()
        setup.configure = { $0.objects = Self.objects }
        try await simulate([pod], setup) { node in
            try await node.sleep(until: 1)
            let waiting = node.status("p").containerStatuses[0].state.waiting
            #expect(waiting?.reason == "CreateContainerConfigError")
            #expect(waiting?.message == message)
            #expect(node.recorder.texts.contains("Failed: Error: \(message)"))
        }
    }

    private static func volume(_ change: (inout Volume) -> Void) -> Volume {
        Volume {
            $0.name = "v"
            change(&$0)
        }
    }

    private static let item = [KeyToPath { ($0.key, $0.path) = ("x", "f") }]
    private static let volumes: [(Volume, String)] = [
        (volume { $0.configMap = ConfigMapVolumeSource { $0.name = "none" } }, "configmap \"none\" not found"),
        (volume { $0.secret = SecretVolumeSource { $0.secretName = "none" } }, "secret \"none\" not found"),
        (
            volume { $0.configMap = ConfigMapVolumeSource { ($0.name, $0.items) = ("m", item) } },
            "configmap references non-existent config key: x"
        ),
        (volume { $0.secret = SecretVolumeSource { ($0.secretName, $0.items) = ("s", item) } }, "references non-existent secret key: x"),
    ]

    @Test(arguments: volumes.indices) func `a volume without its source`(index: Int) async throws {
        let (volume, message) = Self.volumes[index]
        let pod = makePod("p") { $0.spec.volumes = [volume] }
        var setup = SimulationSetup()
        setup.configure = { $0.objects = Self.objects }
        try await simulate([pod], setup) { node in
            try await node.sleep(until: 1)
            #expect(node.status("p").containerStatuses[0].state.waiting?.reason == "ContainerCreating")
            #expect(node.recorder.texts.contains("FailedMount: MountVolume.SetUp failed for volume \"v\" : \(message)"))
        }
    }
}
