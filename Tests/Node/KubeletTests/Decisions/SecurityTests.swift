import CRI
import KubernetesAPI
import Testing

@testable import Kubelet

@Suite struct SecurityTests {
    private func context(
        image: ImageUser = ImageUser(uid: 0), pod: (inout PodSecurityContext) -> Void = { _ in }, _ own: (inout SecurityContext) -> Void
    ) throws -> LinuxContainerSecurityContext {
        let pod = makePod("p") {
            $0.spec.securityContext = PodSecurityContext(pod)
            $0.spec.containers[0].securityContext = SecurityContext(own)
        }
        return try LinuxContainerSecurityContext(pod.spec.containers[0], in: pod, image: image, user: nil, KubeletConfiguration())
    }

    @Test func `the container goes before the pod, the pod before the image`() throws {
        #expect(try context { _ in }.runAsUser == 0)
        #expect(try context(image: ImageUser(name: "www")) { _ in }.runAsUsername == "www")
        #expect(try context(pod: { $0.runAsUser = 5 }) { _ in }.runAsUser == 5)
        let own = try context(pod: { ($0.runAsUser, $0.runAsGroup) = (5, 6) }) { $0.runAsUser = 7 }
        #expect(own.runAsUser == 7)
        #expect(own.runAsGroup == 6)
    }

    @Test(
        arguments: [
            (nil, ImageUser(uid: 0), "container has runAsNonRoot and image will run as root (pod: \"p_default(p)\", container: app)"),
            (nil, ImageUser(uid: 7), nil), (5, ImageUser(uid: 0), nil),
            (0, ImageUser(uid: 7), "container's runAsUser breaks non-root policy (pod: \"p_default(p)\", container: app)"),
            (
                nil, ImageUser(name: "www"),
                "container has runAsNonRoot and image has non-numeric user (www), cannot verify user is non-root (pod: \"p_default(p)\", container: app)"
            ),
        ] as [(Int64?, ImageUser, String?)])
    func `runAsNonRoot`(user: Int64?, image: ImageUser, message: String?) {
        var failure: StartFailure?
        do {
            _ = try context(image: image, pod: { $0.runAsNonRoot = true }) { $0.runAsUser = user }
        } catch { failure = error as? StartFailure }
        #expect(failure?.message == message)
        #expect(failure == nil || failure?.reason == "CreateContainerConfigError")
    }

    @Test func `what is hidden from whom`() throws {
        let ordinary = try context { _ in }
        #expect(ordinary.maskedPaths.contains("/proc/kcore"))
        #expect(ordinary.readonlyPaths == ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"])
        #expect(ordinary.seccomp == .unconfined)
        #expect(!ordinary.noNewPrivs)
        let unmasked = try context { $0.procMount = "Unmasked" }
        #expect(unmasked.maskedPaths.isEmpty && unmasked.readonlyPaths.isEmpty)
        let privileged = try context(pod: { $0.seccompProfile = SeccompProfile { $0.type = "RuntimeDefault" } }) { $0.privileged = true }
        #expect(privileged.maskedPaths.isEmpty)
        #expect(privileged.seccomp == .unconfined)
    }

    @Test func `capabilities, seccomp, groups`() throws {
        let result = try context(pod: {
            $0.fsGroup = 2_000
            $0.supplementalGroups = [3, 4]
            $0.supplementalGroupsPolicy = "Strict"
            $0.seccompProfile = SeccompProfile { $0.type = "RuntimeDefault" }
        }) {
            $0.capabilities = Capabilities { ($0.add, $0.drop) = (["CAP_NET_ADMIN", "SYS_TIME"], ["ALL"]) }
            $0.seccompProfile = SeccompProfile { ($0.type, $0.localhostProfile) = ("Localhost", "a/b.json") }
            $0.allowPrivilegeEscalation = false
            $0.readOnlyRootFilesystem = true
        }
        #expect(result.capabilities.add == ["NET_ADMIN", "SYS_TIME"])
        #expect(result.capabilities.drop == ["ALL"])
        #expect(result.seccomp == .localhost("/var/lib/swiftlet/seccomp/a/b.json"))
        #expect(result.supplementalGroups == [2_000, 3, 4])
        #expect(result.supplementalGroupsPolicy == .strict)
        #expect(result.noNewPrivs && result.readonlyRootfs)
    }

    @Test(
        arguments: [
            ("net.ipv4.tcp_syncookies", false, nil), ("net/ipv4/tcp_syncookies", false, nil),
            ("kernel.msgmax", false, "forbidden sysctl: \"kernel.msgmax\" not allowlisted"), ("kernel.sem", false, nil),
            ("net.ipv4.tcp_syncookies", true, "forbidden sysctl: \"net.ipv4.tcp_syncookies\" not allowed with host net enabled"),
        ] as [(String, Bool, String?)])
    func `sysctls`(name: String, hostNetwork: Bool, message: String?) {
        let pod = makePod("p") {
            $0.spec.hostNetwork = hostNetwork
            $0.spec.securityContext = PodSecurityContext { $0.sysctls = [Sysctl { $0.name = name }] }
        }
        #expect(Sysctls.refusal(pod, allowedUnsafe: ["kernel.sem*"]) == message)
    }

    @Test func `host ports and amounts that are taken`() {
        var configuration = KubeletConfiguration()
        configuration.node.allocatableMilliCPU = 1_000
        func pod(port: Int32?, cpu: String) -> Pod {
            makePod("p") {
                $0.spec.containers[0].ports = port.map { port in [ContainerPort { ($0.containerPort, $0.hostPort) = (80, port) }] } ?? []
                $0.spec.containers[0].resources.requests = quantities(["cpu": cpu])
            }
        }
        let other = pod(port: 8_080, cpu: "600m")
        #expect(Admission.judge(pod(port: 8_081, cpu: "400m"), others: [other], configuration) == nil)
        #expect(
            Admission.judge(pod(port: 8_080, cpu: "1m"), others: [other], configuration)?.message
                == "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports")
        let rejection = Admission.judge(pod(port: nil, cpu: "401m"), others: [other], configuration)
        #expect(rejection?.reason == "OutOfcpu")
        #expect(rejection?.message == "Node didn't have enough resource: cpu, requested: 401, used: 600, capacity: 1000")
    }
    /// The kubelet's words, also for a page size that the node does not know.
    @Test(arguments: [
        ("2Mi", "4Mi", "6Mi", nil), ("2Mi", "4Mi", "8Mi", "requested: 8388608, used: 4194304, capacity: 10485760"),
        ("1Gi", "1Gi", "1Gi", "requested: 1073741824, used: 1073741824, capacity: 0"),
    ])
    func `huge pages that the node does not have`(size: String, taken: String, wanted: String, amounts: String?) {
        var configuration = KubeletConfiguration()
        configuration.node.hugePages = [2 << 20: 10 << 20]
        func pod(_ amount: String) -> Pod {
            makePod("p") { $0.spec.containers[0].resources.requests = quantities(["hugepages-\(size)": amount]) }
        }
        let rejection = Admission.judge(pod(wanted), others: [pod(taken)], configuration)
        #expect(rejection?.reason == amounts.map { _ in "OutOfhugepages-\(size)" })
        #expect(rejection?.message == amounts.map { "Node didn't have enough resource: hugepages-\(size), \($0)" })
    }
}
