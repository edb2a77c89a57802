import APIMachinery
import KubernetesAPI
import Testing

@testable import Kubelet

/// Variables of Services, with the kubelet's names.
struct ServiceEnvironmentTests {
    private func service(_ name: String, in namespace: String = "default", ip: String = "10.0.0.11", _ ports: [ServicePort]) -> Service {
        Service {
            ($0.metadata.name, $0.metadata.namespace) = (name, namespace)
            $0.spec.clusterIP = ip
            $0.spec.ports = ports
        }
    }
    private func port(_ number: Int32, _ name: String? = nil, _ kind: String? = nil) -> ServicePort {
        ServicePort { ($0.port, $0.name, $0.protocol) = (number, name, kind) }
    }
    private func variables(_ services: [Service], _ change: (inout Pod) -> Void = { _ in }) -> [String] {
        ServiceEnvironment.variables(services, of: makePod("p", change)).map { "\($0.name)=\($0.value)" }
    }

    @Test func `a service of two ports`() {
        #expect(
            variables([service("redis-primary", [port(6379, "main-port"), port(53, nil, "UDP")])]) == [
                "REDIS_PRIMARY_SERVICE_HOST=10.0.0.11", "REDIS_PRIMARY_SERVICE_PORT=6379", "REDIS_PRIMARY_SERVICE_PORT_MAIN_PORT=6379",
                "REDIS_PRIMARY_PORT=tcp://10.0.0.11:6379", "REDIS_PRIMARY_PORT_6379_TCP=tcp://10.0.0.11:6379",
                "REDIS_PRIMARY_PORT_6379_TCP_PROTO=tcp", "REDIS_PRIMARY_PORT_6379_TCP_PORT=6379",
                "REDIS_PRIMARY_PORT_6379_TCP_ADDR=10.0.0.11", "REDIS_PRIMARY_PORT_53_UDP=udp://10.0.0.11:53",
                "REDIS_PRIMARY_PORT_53_UDP_PROTO=udp", "REDIS_PRIMARY_PORT_53_UDP_PORT=53", "REDIS_PRIMARY_PORT_53_UDP_ADDR=10.0.0.11",
            ])
    }

    @Test func `an address of the other family stands in brackets in URLs`() {
        #expect(variables([service("a", ip: "fd00::1", [port(80)])]).contains("A_PORT=tcp://[fd00::1]:80"))
    }

    private static let cases: [(namespace: String, links: Bool?, hosts: [String])] = [
        ("default", nil, ["KUBERNETES", "WEB"]), ("default", false, ["KUBERNETES"]), ("team", true, ["DB", "KUBERNETES"]),
        ("team", false, ["KUBERNETES"]), ("own", true, ["KUBERNETES"]),
    ]

    @Test(arguments: cases.indices) func `whose services a pod learns of`(index: Int) {
        let (namespace, links, hosts) = Self.cases[index]
        let services = [
            service("kubernetes", ip: "10.0.0.1", [port(443)]), service("web", [port(80)]), service("headless", ip: "None", [port(80)]),
            service("waiting", ip: "", [port(80)]), service("db", in: "team", [port(5432)]),
            service("kubernetes", in: "own", ip: "10.0.0.9", [port(443)]),
        ]
        let all = variables(services) { ($0.metadata.namespace, $0.spec.enableServiceLinks) = (namespace, links) }
        let named = all.filter { $0.contains("_SERVICE_HOST=") }.map { variable in String(variable.prefix { $0 != "_" }) }
        #expect(named == hosts)
        #expect(all.contains("KUBERNETES_SERVICE_HOST=\(namespace == "own" ? "10.0.0.9" : "10.0.0.1")"))
    }

    private func environment(_ objects: ObjectSet, _ fill: (inout Container) -> Void) throws -> ContainerEnvironment {
        let container = makeContainer("c", fill)
        return try ContainerEnvironment(container, DownwardAPI(makePod("p"), podIPs: [], KubeletConfiguration()), objects)
    }

    @Test func `the container's own variables win, see them, and stand before them`() throws {
        let objects = ObjectSet(services: [service("web", [port(80)])])
        let result = try environment(objects) { container in
            container.env = [
                EnvVar { ($0.name, $0.value) = ("URL", "http://$(WEB_SERVICE_HOST)") },
                EnvVar { ($0.name, $0.value) = ("WEB_SERVICE_PORT", "8080") },
            ]
        }
        let texts = result.variables.map { "\($0.name)=\($0.value)" }
        #expect(texts.prefix(3) == ["URL=http://10.0.0.11", "WEB_SERVICE_PORT=8080", "WEB_SERVICE_HOST=10.0.0.11"])
        #expect(texts.count { $0.hasPrefix("WEB_SERVICE_PORT=") } == 1)
    }

    @Test func `services that have not been read yet`() {
        var objects = ObjectSet()
        let message = "services have not yet been read at least once, cannot construct envvars"
        objects.services = .failure(ObjectError(.failed, message))
        #expect(throws: StartFailure("CreateContainerConfigError", message)) { try environment(objects) { _ in } }
    }

    @Test func `keys that cannot be names of variables are left out, and named`() throws {
        let objects = ObjectSet(configMaps: [ConfigMap { ($0.metadata.name, $0.data) = ("m", ["a.b": "1", "x=y": "2", "ü": "3"]) }])
        let result = try environment(objects) {
            $0.envFrom = [EnvFromSource { ($0.prefix, $0.configMapRef) = ("P_", ConfigMapEnvSource { $0.name = "m" }) }]
        }
        #expect(result.variables.map { "\($0.name)=\($0.value)" } == ["P_a.b=1"])
        #expect(
            result.warnings == [
                "Keys [P_x=y, P_ü] from the EnvFrom configMap default/m were skipped since they are considered invalid environment variable "
                    + "names."
            ])
    }
}
