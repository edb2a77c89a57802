import APIMachinery
import KubernetesAPI
import Testing

@testable import Kubelet

@Suite struct EnvironmentTests {
    @Test(arguments: [
        ("$(A)", "1"), ("x$(A)y$(B)z", "x1y2z"), ("$(C)", "$(C)"), ("$$(A)", "$(A)"), ("$$$(A)", "$1"), ("$(A", "$(A"), ("$A", "$A"),
        ("$", "$"), ("a$", "a$"), ("$()", "$()"), ("$($(A))", "$($(A))"), ("$$", "$"), ("", ""), ("$(A)$(A)", "11"),
    ])
    func `references`(text: String, expected: String) {
        #expect(Expansion.expand(text) { ["A": "1", "B": "2"][$0] } == expected)
    }

    private func environment(_ fill: (inout Container) -> Void, _ objects: ObjectSet = ObjectSet()) throws -> [String] {
        let container = makeContainer("app", fill)
        var pod = makePod("p") { $0.metadata.labels = ["app": "web"] }
        pod.spec.containers = [container]
        var configuration = KubeletConfiguration()
        configuration.nodeName = "node1"
        configuration.hostIPs = ["192.0.2.1"]
        configuration.node.allocatableMilliCPU = 2_000
        configuration.node.memoryBytes = 8 << 30
        let downward = DownwardAPI(pod, podIPs: ["10.0.0.2", "fd00::2"], configuration)
        return try ContainerEnvironment(container, downward, objects).variables.map { "\($0.name)=\($0.value)" }
    }

    private func variable(_ name: String, _ value: String) -> EnvVar { EnvVar { ($0.name, $0.value) = (name, value) } }
    private func field(_ path: String) -> EnvVar {
        EnvVar { variable in
            variable.name = "V"
            variable.valueFrom = EnvVarSource { $0.fieldRef = ObjectFieldSelector { $0.fieldPath = path } }
        }
    }

    @Test func `later variables see earlier ones and replace them in place`() throws {
        let result = try environment {
            $0.env = [variable("A", "1"), variable("B", "$(A)$(C)"), variable("C", "3"), variable("A", "$(A)0")]
        }
        #expect(result == ["A=10", "B=1$(C)", "C=3"])
    }

    @Test(arguments: [
        ("metadata.name", "p"), ("metadata.namespace", "default"), ("metadata.uid", "p"), ("metadata.labels['app']", "web"),
        ("metadata.labels['none']", ""), ("spec.nodeName", "node1"), ("status.podIP", "10.0.0.2"), ("status.podIPs", "10.0.0.2,fd00::2"),
        ("status.hostIP", "192.0.2.1"),
    ])
    func `fields of the pod`(path: String, value: String) throws {
        #expect(try environment { $0.env = [field(path)] } == ["V=\(value)"])
    }

    @Test func `a field that there is not`() {
        #expect(throws: StartFailure("CreateContainerConfigError", "unsupported fieldPath: spec.none")) {
            try environment { $0.env = [field("spec.none")] }
        }
    }

    @Test(
        arguments: [
            ("limits.cpu", nil, "2"), ("limits.cpu", "1m", "1500"), ("requests.cpu", "1m", "250"), ("limits.memory", nil, "134217728"),
            ("limits.memory", "1Mi", "128"), ("requests.memory", "1Mi", "0"), ("limits.memory", "1Gi", "1"),
        ] as [(String, String?, String)])
    func `resources, rounded up`(resource: String, divisor: String?, value: String) throws {
        let result = try environment { container in
            container.resources.limits = quantities(["cpu": "1500m", "memory": "128Mi"])
            container.resources.requests = quantities(["cpu": "250m"])
            container.env = [
                EnvVar { variable in
                    variable.name = "V"
                    variable.valueFrom = EnvVarSource {
                        $0.resourceFieldRef = ResourceFieldSelector {
                            $0.resource = resource
                            $0.divisor = divisor.flatMap { try? Quantity(parsing: $0) }
                        }
                    }
                }
            ]
        }
        #expect(result == ["V=\(value)"])
    }

    @Test func `ConfigMaps and Secrets at hand`() throws {
        let objects = ObjectSet(
            configMaps: [ConfigMap { ($0.metadata.name, $0.data) = ("cm", ["a": "1", "b": "2"]) }],
            secrets: [Secret { ($0.metadata.name, $0.data) = ("s", ["k": Base64Data(Array("secret".utf8))]) }])
        let result = try environment(
            { container in
                container.envFrom = [
                    EnvFromSource { ($0.prefix, $0.configMapRef) = ("P_", ConfigMapEnvSource { $0.name = "cm" }) },
                    EnvFromSource { $0.secretRef = SecretEnvSource { ($0.name, $0.optional) = ("none", true) } },
                ]
                container.env = [
                    EnvVar { variable in
                        variable.name = "K"
                        variable.valueFrom = EnvVarSource { $0.secretKeyRef = SecretKeySelector { ($0.name, $0.key) = ("s", "k") } }
                    }
                ]
            }, objects)
        #expect(result == ["P_a=1", "P_b=2", "K=secret"])
    }

    @Test(arguments: [("a\"b", "\"a\\\"b\""), ("x\n\t\\", "\"x\\n\\t\\\\\""), ("\u{1}", "\"\\x01\""), ("é", "\"é\"")])
    func `quotes as Go does`(text: String, quoted: String) { #expect(GoQuote.text(text) == quoted) }
}
