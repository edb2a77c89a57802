internal import APIMachinery

extension FieldTable {
    private static let scheduler = "the scheduler reads it; whoever gives a pod to this node has chosen the node"
    static let windows = FieldSupport.missing("containers are Linux containers")
    static let seLinux = FieldSupport.missing("no label is set")

    static let podTables: [FieldTable] = [
        FieldTable(
            "PodSpec",
            acting: """
                activeDeadlineSeconds dnsPolicy hostIPC hostNetwork hostPID hostUsers hostname overhead restartPolicy \
                setHostnameAsFQDN shareProcessNamespace subdomain terminationGracePeriodSeconds
                """,
            [
                "affinity": .needless(scheduler),
                "imagePullSecrets": .members("LocalObjectReference"),
                "automountServiceAccountToken": .withServer(
                    .needless("the API server adds the token's volume"),
                    alone: .missing("no token is mounted: there is nobody to issue one", when: .value(true))),
                "containers": .members("Container"),
                "dnsConfig": .members("PodDNSConfig"),
                "enableServiceLinks": .withServer(
                    .acts, alone: .needless("it stands for variables of Services, and there are none")),
                "ephemeralContainers": .members("EphemeralContainer"),
                "hostAliases": .members("HostAlias"),
                "initContainers": .members("Container"),
                "nodeName": .needless(scheduler),
                "nodeSelector": .needless(scheduler),
                "os": .members("PodOS"),
                "preemptionPolicy": .needless(scheduler),
                "priority": .missingAlone("no pod is evicted or preempted for another", when: .anyBut(0)),
                "priorityClassName": .missingAlone("no pod is evicted or preempted for another"),
                "readinessGates": .missingAlone("nobody can set their conditions, so the pod never becomes ready"),
                "resourceClaims": .missing("no devices are allocated"),
                "resources": .members("ResourceRequirements"),
                "runtimeClassName": .missing("there is one way to run containers"),
                "schedulerName": .needless(scheduler),
                "schedulingGates": .missingAlone("the pod starts all the same"),
                "securityContext": .members("PodSecurityContext"),
                "serviceAccount": .needless("the old name of serviceAccountName"),
                "serviceAccountName": .needless("containers may read it; its token is automountServiceAccountToken's"),
                "tolerations": .needless(scheduler),
                "topologySpreadConstraints": .needless(scheduler),
                "volumes": .members("Volume"),
            ]),
        FieldTable("LocalObjectReference", acting: "name"),
        FieldTable("PodOS", acting: "name"),
        FieldTable("PodDNSConfig", acting: "nameservers searches", ["options": .members("PodDNSConfigOption")]),
        FieldTable("PodDNSConfigOption", acting: "name value"),
        FieldTable("HostAlias", acting: "hostnames ip"),
        FieldTable(
            "PodSecurityContext",
            acting: "fsGroup fsGroupChangePolicy runAsGroup runAsNonRoot runAsUser supplementalGroups supplementalGroupsPolicy",
            [
                "appArmorProfile": .members("AppArmorProfile"),
                "seLinuxChangePolicy": seLinux,
                "seLinuxOptions": seLinux,
                "seccompProfile": .members("SeccompProfile"),
                "sysctls": .members("Sysctl"),
                "windowsOptions": windows,
            ]),
        FieldTable("Sysctl", acting: "name value"),
        FieldTable("SeccompProfile", acting: "localhostProfile type"),
        FieldTable(
            "AppArmorProfile",
            [
                "type": .missing("no profile is applied", when: .anyBut("Unconfined")),
                "localhostProfile": .needless("its type says it"),
            ]),
    ]
}
