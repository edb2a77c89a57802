internal import APIMachinery
internal import KubernetesAPI

/// The subsets of a Service's Endpoints: a pure function of its pods.
enum EndpointSubsets {
    /// More addresses are left out, and an annotation says so.
    static let maxAddresses = 1000
    static let overCapacity = "endpoints.kubernetes.io/over-capacity"

    static func subsets(_ service: Service, _ pods: [Pod]) -> [EndpointSubset] {
        let publishesAll = service.spec.publishNotReadyAddresses == true
        var byPorts: [[EndpointPort]: EndpointSubset] = [:]
        for pod in pods where PodEndpoint.isEligible(pod, includesTerminating: publishesAll) {
            let candidate = PodEndpoint(pod: pod, service: service)
            let ports = ports(candidate)
            guard !ports.isEmpty || (service.isHeadless && service.spec.ports.isEmpty), let address = address(candidate) else { continue }
            var subset = byPorts[ports] ?? EndpointSubset { $0.ports = ports }
            if publishesAll || candidate.isReady { subset.addresses.append(address) } else { subset.notReadyAddresses.append(address) }
            byPorts[ports] = subset
        }
        return byPorts.values.map(sorted).sorted { text($0) < text($1) }
    }

    private static func ports(_ candidate: PodEndpoint) -> [EndpointPort] {
        candidate.ports.map { port in
            EndpointPort {
                $0.name = port.name.flatMap { $0.isEmpty ? nil : $0 }
                $0.port = port.port ?? 0
                $0.protocol = port.protocol
                $0.appProtocol = port.appProtocol
            }
        }.sorted { ($0.name ?? "", $0.port) < ($1.name ?? "", $1.port) }
    }

    /// In the Service's first family.
    private static func address(_ candidate: PodEndpoint) -> EndpointAddress? {
        guard let address = candidate.addresses(candidate.service.spec.ipFamilies.first ?? "IPv4").first else { return nil }
        return EndpointAddress {
            $0.ip = address
            $0.hostname = candidate.hostname
            $0.nodeName = candidate.pod.spec.nodeName
            $0.targetRef = candidate.reference
        }
    }

    private static func sorted(_ subset: EndpointSubset) -> EndpointSubset {
        var subset = subset
        subset.addresses.sort { sortKey($0) < sortKey($1) }
        subset.notReadyAddresses.sort { sortKey($0) < sortKey($1) }
        return subset
    }

    private static func sortKey(_ address: EndpointAddress) -> String {
        (IPAddress(address.ip)?.bytes ?? []).map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
            + (address.targetRef?.uid ?? "")
    }

    private static func text(_ subset: EndpointSubset) -> String {
        subset.ports.map { "\($0.name ?? "")/\($0.port)" }.joined(separator: ",")
    }

    /// Leaves out what is beyond the greatest number of addresses: those not ready first.
    ///
    /// - Returns: Whether something was left out.
    static func truncate(_ subsets: inout [EndpointSubset]) -> Bool {
        guard subsets.reduce(0, { $0 + $1.addresses.count + $1.notReadyAddresses.count }) > maxAddresses else { return false }
        var room = maxAddresses
        for index in subsets.indices {
            subsets[index].addresses = Array(subsets[index].addresses.prefix(room))
            room -= subsets[index].addresses.count
        }
        for index in subsets.indices {
            subsets[index].notReadyAddresses = Array(subsets[index].notReadyAddresses.prefix(room))
            room -= subsets[index].notReadyAddresses.count
        }
        subsets.removeAll { $0.addresses.isEmpty && $0.notReadyAddresses.isEmpty }
        return true
    }
}
