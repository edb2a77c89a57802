internal import APIMachinery
internal import KubernetesAPI

/// What a pod is to a Service: its addresses, ports and readiness, as both kinds of endpoints have them.
struct PodEndpoint: Sendable {
    let pod: Pod
    let service: Service

    /// Whether the pod can be reached at all, or will be.
    ///
    /// - Parameter includesTerminating: Slices show terminating pods as such; Endpoints can't.
    static func isEligible(_ pod: Pod, includesTerminating: Bool) -> Bool {
        guard !["Succeeded", "Failed"].contains(pod.status.phase), !(pod.status.podIP ?? "").isEmpty else { return false }
        return includesTerminating || pod.metadata.deletionTimestamp == nil
    }

    var isReady: Bool { pod.isReady }

    /// The pod's name in the Service's domain.
    var hostname: String? {
        guard let hostname = pod.spec.hostname, !hostname.isEmpty, pod.spec.subdomain == service.metadata.name,
            pod.metadata.namespace == service.metadata.namespace
        else { return nil }
        return hostname
    }

    var reference: ObjectReference {
        ObjectReference {
            $0.kind = "Pod"
            $0.namespace = pod.metadata.namespace
            $0.name = pod.metadata.name
            $0.uid = pod.metadata.uid
        }
    }

    func addresses(_ addressType: String) -> [String] {
        pod.status.podIPs.compactMap { entry in
            guard let address = IPAddress(entry.ip) else { return nil }
            return address.isIPv4 == (addressType == "IPv4") ? entry.ip : nil
        }
    }

    /// The Service's ports on this pod. A named one that the pod does not have is left out.
    var ports: [DiscoveryV1EndpointPort] {
        service.spec.ports.compactMap { port in
            guard let number = number(of: port) else { return nil }
            return DiscoveryV1EndpointPort {
                $0.name = port.name ?? ""
                $0.protocol = port.protocol ?? "TCP"
                $0.port = number
                $0.appProtocol = port.appProtocol
            }
        }
    }

    private func number(of port: ServicePort) -> Int32? {
        switch port.targetPort ?? .int(port.port) {
        case .int(let number): return number == 0 ? port.port : number
        case .string(let name):
            let sidecars = pod.spec.initContainers.filter { $0.restartPolicy == "Always" }
            return (pod.spec.containers + sidecars).flatMap(\.ports).first {
                $0.name == name && ($0.protocol ?? "TCP") == (port.protocol ?? "TCP")
            }?.containerPort
        }
    }

    /// The endpoint of a slice; nil when the pod has no address of that type.
    ///
    /// - Parameter node: nil when it is not known.
    func endpoint(_ addressType: String, node: Node?) -> Endpoint? {
        let addresses = addresses(addressType)
        guard !addresses.isEmpty else { return nil }
        let isTerminating = pod.metadata.deletionTimestamp != nil
        return Endpoint {
            $0.addresses = addresses
            $0.conditions = EndpointConditions {
                $0.ready = service.spec.publishNotReadyAddresses == true || (isReady && !isTerminating)
                $0.serving = isReady
                $0.terminating = isTerminating
            }
            $0.targetRef = reference
            $0.hostname = hostname
            $0.nodeName = pod.spec.nodeName
            $0.zone = node?.metadata.labels["topology.kubernetes.io/zone"]
        }
    }
}

extension Service {
    var isHeadless: Bool { spec.clusterIP == "None" }
    /// Whether its endpoints are those of pods.
    var selectsPods: Bool { !spec.selector.isEmpty && spec.type != "ExternalName" }

    func selects(_ pod: Pod) -> Bool {
        selectsPods && pod.metadata.namespace == metadata.namespace && spec.selector.allSatisfy { pod.metadata.labels[$0.key] == $0.value }
    }
}
