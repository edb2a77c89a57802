import CRI
import KubernetesAPI
import Testing

@testable import Kubelet

@Suite struct ContainerConfigTests {
    private let image: Image = {
        var image = Image(id: "sha256:x", size: 1)
        image.uid = 0
        return image
    }()

    private func build(_ change: (inout Pod) -> Void, volumes: [String: HostVolume] = ["v": HostVolume(.path("/vol"))]) throws
        -> ContainerConfig
    {
        let pod = makePod("p") {
            $0.metadata.namespace = "ns"
            $0.spec.containers[0].volumeMounts = []
            change(&$0)
        }
        var configuration = KubeletConfiguration()
        configuration.rootDirectory = "/data"
        configuration.ownerLabels = ["owner": "o"]
        let start = ConfigBuilder.Start(attempt: 3, image: image, podIPs: ["10.0.0.2"], volumes: volumes)
        return try ConfigBuilder(pod, configuration).container(pod.spec.containers[0], start)
    }

    @Test func `what every container gets`() throws {
        let config = try build { pod in
            pod.spec.containers[0].command = ["sh", "-c", "echo $(X)"]
            pod.spec.containers[0].env = [EnvVar { ($0.name, $0.value) = ("X", "1") }]
            pod.spec.containers[0].lifecycle = Lifecycle { $0.stopSignal = "SIGRTMIN+3" }
        }
        #expect(config.command == ["sh", "-c", "echo 1"])
        #expect(config.image.image == "sha256:x")
        #expect(config.image.userSpecifiedImage == "fixture:1")
        #expect(config.logPath == "app/3.log")
        #expect(
            config.labels == [
                "io.kubernetes.pod.name": "p", "io.kubernetes.pod.namespace": "ns", "io.kubernetes.pod.uid": "p",
                "io.kubernetes.container.name": "app", "owner": "o",
            ])
        #expect(config.annotations["io.kubernetes.container.restartCount"] == "3")
        #expect(config.annotations["io.kubernetes.pod.terminationGracePeriod"] == "30")
        #expect(config.mounts.map(\.containerPath) == ["/etc/hosts", "/dev/termination-log"])
        #expect(config.mounts[0].hostPath == "/data/pods/p/etc-hosts")
        #expect(config.mounts[1].hostPath.hasPrefix("/data/pods/p/containers/app/"))
        #expect(config.stopSignal == 37)
    }

    @Test func `volume mounts`() throws {
        let config = try build { pod in
            pod.spec.containers[0].env = [EnvVar { ($0.name, $0.value) = ("NAME", "x") }]
            pod.spec.containers[0].volumeMounts = [
                VolumeMount { ($0.name, $0.mountPath, $0.readOnly, $0.recursiveReadOnly) = ("v", "/a", true, "IfPossible") },
                VolumeMount { ($0.name, $0.mountPath, $0.subPathExpr, $0.mountPropagation) = ("v", "/b", "d/$(NAME)", "Bidirectional") },
                VolumeMount { ($0.name, $0.mountPath) = ("v", "/etc/hosts") },
            ]
        }
        #expect(config.mounts.map(\.containerPath) == ["/a", "/b", "/etc/hosts", "/dev/termination-log"])
        #expect(config.mounts[0].readonly && config.mounts[0].recursiveReadOnly)
        #expect(config.mounts[1].subPath == "d/x")
        #expect(config.mounts[1].propagation == .bidirectional)
    }

    @Test(arguments: [
        (VolumeMount { ($0.name, $0.mountPath) = ("none", "/a") }, "cannot find volume \"none\" to mount into container \"app\""),
        (VolumeMount { ($0.name, $0.mountPath, $0.subPathExpr) = ("v", "/a", "$(NONE)") }, "missing value for \"NONE\""),
        (
            VolumeMount { ($0.name, $0.mountPath, $0.subPath) = ("v", "/a", "../x") },
            "unable to provision SubPath `../x`: must not contain '..'"
        ),
    ])
    func `mounts that cannot be`(mount: VolumeMount, message: String) {
        #expect(throws: StartFailure("CreateContainerConfigError", message)) { try build { $0.spec.containers[0].volumeMounts = [mount] } }
    }

    @Test func `a sandbox`() throws {
        let pod = makePod("p") {
            $0.metadata.labels = ["a": "b"]
            $0.spec.hostPID = true
            $0.spec.subdomain = "sub"
            $0.spec.containers[0].ports = [ContainerPort { ($0.containerPort, $0.hostPort, $0.protocol) = (80, 8_080, "UDP") }]
            $0.spec.securityContext = PodSecurityContext {
                $0.sysctls = [Sysctl { ($0.name, $0.value) = ("net/ipv4/tcp_syncookies", "1") }]
            }
        }
        let (config, _) = try ConfigBuilder(pod, KubeletConfiguration()).sandbox(attempt: 2)
        #expect(config.metadata.attempt == 2)
        #expect(config.labels["a"] == "b")
        #expect(config.hostname == "p")
        #expect(config.domainname == "sub.default.svc.cluster.local")
        #expect(config.logDirectory == "/var/log/pods/default_p_p")
        #expect(config.linux.cgroupParent == "kubepods/besteffort/podp")
        #expect(config.linux.securityContext.namespaceOptions.pid == .node)
        #expect(config.linux.securityContext.seccomp == .runtimeDefault)
        #expect(config.linux.sysctls == ["net.ipv4.tcp_syncookies": "1"])
        #expect(config.portMappings.map { "\($0.containerPort) \($0.hostPort) \($0.protocol)" } == ["80 8080 udp"])
    }

    @Test func `nothing is dropped in silence`() {
        let pod = makePod("p") { pod in
            pod.spec.runtimeClassName = "x"
            pod.spec.containers[0].volumeDevices = [VolumeDevice()]
            pod.spec.volumes = [
                Volume { ($0.name, $0.nfs) = ("v", NFSVolumeSource()) }, Volume { ($0.name, $0.emptyDir) = ("w", .init()) },
            ]
        }
        #expect(
            UnsupportedFields.find(in: pod).map { "\($0.path)" } == [
                "spec.containers[0].volumeDevices", "spec.runtimeClassName", "spec.volumes[0].nfs",
            ])
        #expect(UnsupportedFields.find(in: makePod("p")).isEmpty)
    }

    @Test func `a static pod keeps its identity`() {
        func identified(_ image: String, seen: Int64) -> Pod {
            var pod = makePod("p") { $0.spec.containers[0].image = image }
            pod.metadata.uid = nil
            StaticPodIdentity.assign(to: &pod, path: "/m/p.yaml", nodeName: "Node1", seen: .init(seconds: seen))
            return pod
        }
        let pod = identified("a:1", seen: 0)
        #expect(pod.name == "p-node1")
        #expect(pod.uid.utf8.count == 32)
        #expect(pod.uid == identified("a:1", seen: 99).uid)
        #expect(pod.uid != identified("a:2", seen: 0).uid)
        #expect(pod.metadata.annotations["kubernetes.io/config.hash"] == pod.uid)
        #expect(pod.metadata.annotations["kubernetes.io/config.source"] == "file")
        #expect(pod.spec.tolerations.last?.effect == "NoExecute")
    }
}
