package import CRI
package import KubernetesAPI

/// Makes runtime configurations of pods. Pure.
package struct ConfigBuilder: Sendable {
    package var pod: Pod
    package var configuration: KubeletConfiguration
    package var userNamespace: UserNamespace?
    package var paths: PodPaths { PodPaths(configuration) }

    package init(_ pod: Pod, _ configuration: KubeletConfiguration, userNamespace: UserNamespace? = nil) {
        self.pod = pod
        self.configuration = configuration
        self.userNamespace = userNamespace
    }

    package var hostname: PodHostname {
        get throws(PodHostname.TooLong) {
            var settings = PodHostname.Settings()
            settings.podName = pod.name
            settings.namespace = pod.namespace
            settings.hostname = pod.spec.hostname ?? ""
            settings.subdomain = pod.spec.subdomain ?? ""
            settings.setHostnameAsFQDN = pod.spec.setHostnameAsFQDN ?? false
            settings.hostNetwork = pod.usesHostNetwork
            return try PodHostname(settings, nodeName: configuration.nodeName, clusterDomain: configuration.clusterDomain)
        }
    }

    package func sandbox(attempt: UInt32) throws -> (config: PodSandboxConfig, warnings: [PodDNS.Warning]) {
        let metadata = PodSandboxMetadata(name: pod.name, uid: pod.uid, namespace: pod.namespace, attempt: attempt)
        var config = PodSandboxConfig(metadata: metadata)
        let (dns, warnings) = dns()
        config.dns = dns
        let hostname = try hostname
        config.hostname = hostname.hostname
        config.domainname = hostname.domain
        config.logDirectory = paths.logDirectory(namespace: pod.namespace, name: pod.name, uid: pod.uid)
        config.labels = RuntimeLabels.sandbox(pod, owner: configuration.ownerLabels)
        config.annotations = pod.metadata.annotations
        config.portMappings = pod.usesHostNetwork ? [] : portMappings
        config.linux.cgroupParent = PodCgroup.path(uid: pod.uid, QoSClass(of: pod))
        config.linux.securityContext = LinuxSandboxSecurityContext(pod, user: userNamespace)
        config.linux.sysctls = sysctls
        return (config, warnings)
    }

    private func dns() -> (DNSConfig, [PodDNS.Warning]) {
        var settings = PodDNS.Settings()
        settings.policy = pod.spec.dnsPolicy.flatMap { PodDNS.Policy(rawValue: $0) } ?? .clusterFirst
        settings.hostNetwork = pod.usesHostNetwork
        settings.namespace = pod.namespace
        if let extra = pod.spec.dnsConfig {
            settings.extra.nameservers = extra.nameservers
            settings.extra.searches = extra.searches
            settings.extra.options = extra.options.map { option in
                option.value.map { "\(option.name ?? ""):\($0)" } ?? option.name ?? ""
            }
        }
        var cluster = PodDNS.Cluster()
        cluster.nameservers = configuration.clusterDNS
        cluster.domain = configuration.clusterDomain
        cluster.isMissed = configuration.isInCluster
        return PodDNS.config(settings, node: configuration.resolvConf, cluster: cluster, podName: "\(pod.name)_\(pod.namespace)")
    }

    private var portMappings: [PortMapping] {
        (pod.sidecars + pod.spec.containers).flatMap(\.ports).compactMap { port in
            guard let containerPort = UInt16(exactly: port.containerPort) else { return nil }
            var mapping = PortMapping(containerPort: containerPort)
            mapping.protocol = port.protocol.flatMap { PortProtocol(rawValue: $0) } ?? .tcp
            mapping.hostPort = port.hostPort.flatMap { UInt16(exactly: $0) } ?? 0
            mapping.hostIP = port.hostIP ?? ""
            return mapping
        }
    }

    private var sysctls: [String: String] {
        let all = pod.spec.securityContext?.sysctls ?? []
        return Dictionary(all.map { (Sysctls.dotted($0.name), $0.value) }) { _, last in last }
    }
}
