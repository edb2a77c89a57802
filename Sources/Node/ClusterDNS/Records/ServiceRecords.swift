internal import APIMachinery
internal import KubernetesAPI

/// What a service and its endpoints are in DNS; the Kubernetes DNS specification, 1.1.0.
struct ServiceRecords: Sendable {
    struct Port: Hashable, Sendable {
        var name: String
        /// `tcp`, `udp`, `sctp`
        var transport: String
        var number: UInt16
    }
    struct Address: Hashable, Sendable {
        /// Its label below the service: the pod's hostname, or one made of the address.
        var label: String
        var bytes: [UInt8]
        var ports: [Port]
    }

    /// Name without the last dot: the service leads there and nowhere else.
    var externalName: String?
    /// Empty for headless services.
    var clusterIPs: [[UInt8]] = []
    var ports: [Port] = []
    /// Of headless services: those that get packets.
    var endpoints: [Address] = []

    init(_ service: Service, _ slices: [EndpointSlice]) {
        if service.spec.type == "ExternalName" {
            externalName = service.spec.externalName
            return
        }
        let addresses = service.spec.clusterIPs.isEmpty ? [service.spec.clusterIP ?? ""] : service.spec.clusterIPs
        clusterIPs = addresses.compactMap { IPAddress($0)?.bytes }
        ports = service.spec.ports.map {
            Port(name: ($0.name ?? "").lowercased(), transport: ($0.protocol ?? "TCP").lowercased(), number: UInt16(clamping: $0.port))
        }
        guard clusterIPs.isEmpty else { return }
        endpoints = slices.flatMap(Self.endpoints)
    }

    private static func endpoints(of slice: EndpointSlice) -> [Address] {
        let ports = slice.ports.map {
            Port(name: ($0.name ?? "").lowercased(), transport: ($0.protocol ?? "TCP").lowercased(), number: UInt16(clamping: $0.port ?? 0))
        }
        return slice.endpoints.filter { $0.conditions?.ready ?? true }.flatMap { endpoint in
            endpoint.addresses.compactMap { text in
                IPAddress(text).map { Address(label: endpoint.hostname?.lowercased() ?? label($0), bytes: $0.bytes, ports: ports) }
            }
        }
    }

    /// `10-244-0-7`, `fd00--7`
    private static func label(_ address: IPAddress) -> String {
        String(address.description.map { $0 == "." || $0 == ":" ? "-" : $0 })
    }
}
