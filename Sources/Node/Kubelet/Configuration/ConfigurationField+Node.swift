internal import APIMachinery
internal import KubernetesAPI

extension ConfigurationField {
    static let nodeFields: [ConfigurationField] = [
        .init("registerNode", .flag, usual: true, .only([true], "the node always registers; leave it out, or write true")),
        .init(
            "registerWithTaints", .list,
            .acts(
                read: { value throws(ConfigurationProblem) in
                    var taints: [Taint] = []
                    for item in value.arrayValue ?? [] {
                        var decoder = ObjectDecoder(options: ObjectDecoder.Options())
                        guard let taint = Taint.decode(item, &decoder), decoder.problems.isEmpty else {
                            throw .init("Invalid value: \(decoder.problems.map(\.description).joined(separator: ", "))")
                        }
                        taints.append(taint)
                    }
                    let all = taints
                    return { $0.registerWithTaints = all }
                }, show: { $0.registerWithTaints.isEmpty ? nil : .array($0.registerWithTaints.map(\.json)) })),
        text("providerID", \.providerID, usual: ""),
        duration("nodeStatusUpdateFrequency", \.nodeStatusUpdateFrequency, usual: "10s"),
        duration("nodeStatusReportFrequency", \.nodeStatusReportFrequency, usual: "5m0s"),
        number(
            "nodeLeaseDurationSeconds", 1...Int64(Int32.max), usual: 40, set: { $1.nodeLeaseDurationSeconds = Int32(clamping: $0) },
            get: { Int64($0.nodeLeaseDurationSeconds) }),
        number(
            "nodeStatusMaxImages", -1...Int64(Int32.max), usual: 50, set: { $1.nodeStatusMaxImages = Int($0) },
            get: { Int64($0.nodeStatusMaxImages) }),
        number("maxPods", 1...Int64(Int32.max), usual: 110, set: { $1.node.maxPods = $0 }, get: { $0.node.maxPods }),
        number("podsPerCore", 0...Int64(Int32.max), usual: 0, set: { $1.podsPerCore = $0 }, get: { $0.podsPerCore }),
        .init("podCIDR", .text, usual: "", .only([""], "pods' addresses are --pod-cidr's; leave it out")),
        .init("cgroupRoot", .text, usual: "", .only([""], "it is --cgroup-root's; leave it out")),
        .init("cgroupsPerQOS", .flag, usual: true, .only([true], "pods are always in their class's cgroup; write true")),
        .init(
            "cgroupDriver", .text, usual: "cgroupfs", .only(["cgroupfs"], "cgroups are made directly, not through systemd; write cgroupfs")),
        .init("kubeletCgroups", .text, usual: "", .only([""], "this program stays in the cgroup that it was started in; leave it out")),
        .init("systemCgroups", .text, usual: "", .only([""], "no process of the system is moved; leave it out")),
        .init("failCgroupV1", .flag, usual: true, .needless),
        .init("failSwapOn", .flag, usual: true, .needless),
        .init("oomScoreAdj", .number(-1000...1000), usual: -999, .needless),
        .init("maxOpenFiles", .number(0...Int64.max), usual: 1_000_000, .needless),
        .init("runOnce", .flag, usual: false, .only([false], "use swiftlet run for pods that are run once; write false")),
        .init("protectKernelDefaults", .flag, usual: false, .only([false], "settings of the kernel are not compared; write false")),
    ]

    static let otherFields: [ConfigurationField] = [
        .init("featureGates", .object, .needlessGates),
        .init("contentType", .text, usual: "application/vnd.kubernetes.protobuf", .needless),
        .init("kubeAPIQPS", .number(0...Int64.max), usual: 50, .needless),
        .init("kubeAPIBurst", .number(0...Int64.max), usual: 100, .needless),
        .init("eventRecordQPS", .number(0...Int64.max), usual: 50, .needless),
        .init("eventBurst", .number(0...Int64.max), usual: 100, .needless),
        .init("hairpinMode", .text, usual: "promiscuous-bridge", .needless),
        .init("makeIPTablesUtilChains", .flag, usual: true, .needless),
        .init("iptablesMasqueradeBit", .number(0...31), usual: 14, .needless),
        .init("iptablesDropBit", .number(0...31), usual: 15, .needless),
        .init("enableControllerAttachDetach", .flag, usual: true, .needless),
        .init("volumePluginDir", .text, usual: "/usr/libexec/kubernetes/kubelet-plugins/volume/exec/", .needless),
        .init("configMapAndSecretChangeDetectionStrategy", .choice(["Watch", "Cache", "Get"]), usual: "Watch", .needless),
        .init("syncFrequency", .duration, usual: "1m0s", .needless),
        .init("runtimeRequestTimeout", .duration, usual: "2m0s", .needless),
        .init("containerRuntimeEndpoint", .text, usual: "", .only([""], "the runtime is a part of this program; leave it out")),
        .init("imageServiceEndpoint", .text, usual: "", .only([""], "images are kept by this program; leave it out")),
    ]
}

extension ConfigurationField.Support {
    /// Stages of features that are on for good in Kubernetes of today, and here; anything else would promise what is not there.
    static let needlessGates = ConfigurationField.Support.acts(
        read: { value throws(ConfigurationProblem) in
            for member in value.objectValue?.members ?? [] {
                let isOn = member.value.boolValue
                if ["AllAlpha", "AllBeta"].contains(member.key), isOn == false { continue }
                guard onForGood.contains(member.key), isOn == true else {
                    throw .init(
                        "Unsupported value: \(member.key): \(member.value): no feature is switched here; leave it out")
                }
            }
            return { _ in }
        }, show: { $0.configurationFile["featureGates"] })

    private static let onForGood: Set<String> = [
        "SidecarContainers", "InPlacePodVerticalScaling", "NodeSwap", "UserNamespacesSupport", "ImageVolume", "RecursiveReadOnlyMounts",
        "SupplementalGroupsPolicy", "ProcMountType", "PodLifecycleSleepAction", "KubeletFineGrainedAuthz", "ImageMaximumGCAge",
        "CPUCFSQuotaPeriod", "PodLevelResources", "ContainerRestartRules", "KubeletCrashLoopBackOffMax", "GracefulNodeShutdown",
        "PodReadyToStartContainersCondition", "RotateKubeletServerCertificate", "LocalStorageCapacityIsolation", "CPUManager",
        "PodDisruptionConditions", "SeccompDefault", "GRPCContainerProbe", "EphemeralContainers",
    ]
}
