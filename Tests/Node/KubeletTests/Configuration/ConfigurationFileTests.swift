import APIMachinery
import Testing

@testable import Kubelet

private let head = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"

private func read(_ text: String) throws(ManifestError) -> KubeletConfiguration {
    var configuration = KubeletConfiguration()
    try KubeletConfigurationFile(Array((head + text).utf8), file: "k.yaml").apply(to: &configuration)
    return configuration
}

private func refusal(_ text: String) -> String {
    do throws(ManifestError) {
        _ = try read(text)
        return "accepted"
    } catch { return "\(error)" }
}

struct ConfigurationFileTests {
    @Test(arguments: [
        ("maxPod: 3\n", "k.yaml:3: maxPod: unknown field: did you mean \"maxPods\"?"),
        ("maxPods: three\n", "k.yaml:3: maxPods: Invalid value: \"three\": must be a whole number"),
        ("maxPods: 0\n", "k.yaml:3: maxPods: Invalid value: 0: must be from 1 to 2147483647"),
        ("nodeStatusUpdateFrequency: 10\n", "k.yaml:3: nodeStatusUpdateFrequency: Invalid value: 10: must be a duration such as \"1m30s\""),
        (
            "\ncgroupDriver: systemd\n",
            "k.yaml:4: cgroupDriver: Unsupported value: \"systemd\": cgroups are made directly, not through systemd; write cgroupfs"
        ),
        (
            "authentication:\n  anonymous:\n    enabled: true\n",
            "k.yaml:5: authentication.anonymous.enabled: Unsupported value: true: nobody is served without a name; write false"
        ),
        (
            "evictionHard:\n  memory: 100Mi\n",
            "k.yaml:3: evictionHard: Invalid value: \"memory\": the signals are memory.available, nodefs.available, nodefs.inodesFree, "
                + "imagefs.available, imagefs.inodesFree, containerfs.available, containerfs.inodesFree, pid.available"
        ),
        (
            "evictionHard:\n  memory.available: 101%\n",
            "k.yaml:3: evictionHard: Invalid value: \"101%\": must be more than 0% and not more than 100%"
        ),
        (
            "evictionSoft:\n  memory.available: 200Mi\n",
            "k.yaml:3: evictionSoft: memory.available: a soft threshold needs its time: name it in evictionSoftGracePeriod"
        ),
        (
            "imageGCHighThresholdPercent: 50\nimageGCLowThresholdPercent: 60\n",
            "k.yaml:4: imageGCLowThresholdPercent: Invalid value: 60: must be less than imageGCHighThresholdPercent, which is 50"
        ),
        (
            "systemReserved:\n  gpu: \"1\"\n",
            "k.yaml:3: systemReserved: Invalid value: \"gpu\": must be cpu, memory, ephemeral-storage or pid"
        ),
        (
            "featureGates:\n  MemoryQoS: true\n",
            "k.yaml:3: featureGates: Unsupported value: MemoryQoS: true: no feature is switched here; leave it out"
        ),
        (
            "crashLoopBackOff:\n  maxContainerRestartPeriod: 10m\n",
            "k.yaml:4: crashLoopBackOff.maxContainerRestartPeriod: Invalid value: \"10m\": must be from 1s to 300s"
        ),
        (
            "readOnlyPort: 10255\nmaxPod: 1\n",
            "k.yaml:3: readOnlyPort: Unsupported value: 10255: there is no port without authentication; write 0\n"
                + "k.yaml:4: maxPod: unknown field: did you mean \"maxPods\"?"
        ),
    ]) func `what is wrong is named with its line`(text: String, expected: String) {
        #expect(refusal(text) == expected)
    }

    @Test func `a file of another kind is refused`() {
        let text = "apiVersion: v1\nkind: Pod\n"
        #expect(throws: ManifestError.self) { try KubeletConfigurationFile(Array(text.utf8), file: "k") }
    }

    @Test func `fields that act change the configuration`() throws {
        let configuration = try read(
            """
            maxPods: 20
            podPidsLimit: 100
            clusterDNS: [10.0.0.10]
            clusterDomain: example.org
            systemReserved: {cpu: 200m, memory: 1Gi}
            kubeReserved: {memory: 500Mi}
            evictionHard: {memory.available: 5%, nodefs.available: 1Gi, pid.available: 0%}
            evictionSoft: {memory.available: 10%}
            evictionSoftGracePeriod: {memory.available: 1m30s}
            evictionPressureTransitionPeriod: 30s
            nodeLeaseDurationSeconds: 20
            cpuCFSQuotaPeriod: 10ms
            containerLogMaxSize: 1Mi
            registerWithTaints: [{key: a, value: b, effect: NoSchedule}]
            crashLoopBackOff: {maxContainerRestartPeriod: 20s}
            enforceNodeAllocatable: [none]
            """)
        #expect(configuration.node.maxPods == 20)
        #expect(configuration.podPidsLimit == 100)
        #expect(configuration.clusterDNS == ["10.0.0.10"])
        #expect(configuration.eviction.hard.mapValues(\.text) == [.memoryAvailable: "5%", .nodefsAvailable: "1Gi"])
        #expect(configuration.eviction.softGracePeriods == [.memoryAvailable: .seconds(90)])
        #expect(configuration.eviction.pressureTransitionPeriod == .seconds(30))
        #expect(configuration.cpuCFSQuotaPeriodMicroseconds == 10_000)
        #expect(configuration.containerLogMaxSize.value == 1 << 20)
        #expect(configuration.registerWithTaints.first?.key == "a")
        #expect(configuration.maxContainerRestartPeriod == .seconds(20))
        #expect(!configuration.enforcesNodeAllocatable)
        let reservation = NodeReservation(configuration)
        #expect(reservation.resources.mapValues(\.description) == ["cpu": "200m", "memory": "1524Mi"])
    }

    /// What kubeadm writes: zero stands for the usual value.
    @Test func `a file full of zeros is the usual configuration`() throws {
        let configuration = try read(
            """
            authentication:
              anonymous: {enabled: false}
              webhook: {cacheTTL: 0s, enabled: true}
              x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}
            authorization:
              mode: Webhook
              webhook: {cacheAuthorizedTTL: 0s, cacheUnauthorizedTTL: 0s}
            cgroupDriver: cgroupfs
            containerRuntimeEndpoint: ""
            cpuManagerReconcilePeriod: 0s
            crashLoopBackOff: {}
            evictionPressureTransitionPeriod: 0s
            fileCheckFrequency: 0s
            healthzBindAddress: 127.0.0.1
            healthzPort: 10248
            httpCheckFrequency: 0s
            imageMaximumGCAge: 0s
            imageMinimumGCAge: 0s
            logging: {flushFrequency: 0, options: {json: {infoBufferSize: "0"}, text: {infoBufferSize: "0"}}, verbosity: 0}
            memorySwap: {}
            nodeStatusReportFrequency: 0s
            nodeStatusUpdateFrequency: 0s
            rotateCertificates: true
            runtimeRequestTimeout: 0s
            shutdownGracePeriod: 0s
            shutdownGracePeriodCriticalPods: 0s
            staticPodPath: /etc/kubernetes/manifests
            streamingConnectionIdleTimeout: 0s
            syncFrequency: 0s
            volumeStatsAggPeriod: 0s
            """)
        #expect(configuration.nodeStatusUpdateFrequency == .seconds(10))
        #expect(configuration.imageGC.minimumAge == .seconds(120))
        #expect(configuration.staticPodPath == "/etc/kubernetes/manifests")
        #expect(configuration.eviction == EvictionSettings())
    }
}

struct ConfigzTests {
    @Test func `what is in force is shown in upstream's words`() throws {
        var configuration = try read(
            "evictionSoft: {memory.available: 1Gi}\nevictionSoftGracePeriod: {memory.available: 90s}\nkubeAPIQPS: 7\n")
        configuration.port = 10250
        configuration.node.maxPods = 42
        let shown = configuration.configz
        #expect(shown["apiVersion"] == "kubelet.config.k8s.io/v1beta1")
        #expect(shown["kind"] == "KubeletConfiguration")
        #expect(shown["maxPods"] == 42)
        #expect(shown["port"] == 10250)
        #expect(shown["kubeAPIQPS"] == 7)
        #expect(shown["syncFrequency"] == "1m0s")
        #expect(shown["authentication"]?["webhook"]?["cacheTTL"] == "2m0s")
        #expect(shown["evictionSoft"] == ["memory.available": "1Gi"])
        #expect(shown["evictionSoftGracePeriod"] == ["memory.available": "1m30s"])
        #expect(
            shown["evictionHard"] == [
                "imagefs.available": "15%", "imagefs.inodesFree": "5%", "memory.available": "100Mi", "nodefs.available": "10%",
                "nodefs.inodesFree": "5%",
            ])
        #expect(shown["cpuCFSQuotaPeriod"] == "100ms")
    }

    /// What is shown can be said again.
    @Test func `what is shown is a configuration file`() throws {
        let shown = KubeletConfiguration().configz
        _ = try KubeletConfigurationFile(shown.serialized(.pretty), file: "configz.yaml")
    }

    @Test(arguments: [
        (0, "0s"), (1_500_000, "1.5ms"), (100_000_000, "100ms"), (1_500_000_000, "1.5s"), (60_000_000_000, "1m0s"),
        (5_400_000_000_000, "1h30m0s"), (999, "999ns"), (-10_000_000_000, "-10s"),
    ]) func `durations are written as Go does`(nanoseconds: Int64, text: String) {
        #expect(Duration.nanoseconds(nanoseconds).goText == text)
        #expect(Duration(go: text) == .nanoseconds(nanoseconds))
    }
}
