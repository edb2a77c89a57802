internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

enum ClusterAddress {
    static func bytes(of text: String) -> [UInt8]? { IPAddress(text)?.bytes }
}

/// The cluster as informers show it.
struct InformerDirectory: ClusterDirectory {
    private static let byService = "dns-service"
    private static let byAddress = "dns-address"

    let namespaces: Informer<Namespace>
    let services: Informer<Service>
    let slices: Informer<EndpointSlice>
    let serviceCIDRs: [AddressRange]

    init(_ informers: SharedInformers, serviceCIDRs: [String]) {
        namespaces = informers.informer(Namespace.self)
        services = informers.informer(Service.self)
        slices = informers.informer(EndpointSlice.self)
        self.serviceCIDRs = serviceCIDRs.compactMap { AddressRange($0) }
        slices.addIndex(Self.byService) { slice in Self.service(of: slice).map { [$0.description] } ?? [] }
        slices.addIndex(Self.byAddress) { slice in slice.endpoints.flatMap(\.addresses).compactMap { IPAddress($0)?.description } }
        services.addIndex(Self.byAddress) { service in
            (service.spec.clusterIPs.isEmpty ? [service.spec.clusterIP ?? ""] : service.spec.clusterIPs).compactMap {
                IPAddress($0)?.description
            }
        }
    }

    func hasNamespace(_ name: String) -> Bool { namespaces[ObjectKey(name: name)] != nil }

    func service(namespace: String, name: String) -> ServiceRecords? {
        let key = ObjectKey(namespace: namespace, name: name)
        guard let service = services[key] else { return nil }
        return ServiceRecords(service, slices.objects(index: Self.byService, value: key.description))
    }

    func names(of address: [UInt8]) -> [[String]] {
        let text = IPAddress(bytes: address).description
        let own = services.objects(index: Self.byAddress, value: text).map { [$0.metadata.name ?? "", $0.metadata.namespace ?? ""] }
        if !own.isEmpty { return own.sorted { $0.lexicographicallyPrecedes($1) } }
        // Endpoints have names only below headless services.
        let below = Set(slices.objects(index: Self.byAddress, value: text).compactMap(Self.service)).flatMap { key -> [[String]] in
            guard let records = service(namespace: key.namespace, name: key.name), records.clusterIPs.isEmpty else { return [] }
            return records.endpoints.filter { $0.bytes == address }.map { [$0.label, key.name, key.namespace] }
        }
        return Set(below).sorted { $0.lexicographicallyPrecedes($1) }
    }

    func owns(_ address: [UInt8]) -> Bool { serviceCIDRs.contains { $0.contains(address) } }

    @Sendable private static func service(of slice: EndpointSlice) -> ObjectKey? {
        slice.metadata.labels["kubernetes.io/service-name"].map { ObjectKey(namespace: slice.metadata.namespace ?? "", name: $0) }
    }
}

/// `10.96.0.0/16`
struct AddressRange: Hashable, Sendable {
    private let base: [UInt8]
    private let length: Int

    init?(_ text: String) {
        let parts = text.split(separator: "/")
        guard parts.count == 2, let address = IPAddress(String(parts[0])), let length = Int(parts[1]),
            (0...address.bytes.count * 8).contains(length)
        else { return nil }
        (base, self.length) = (address.bytes, length)
    }

    func contains(_ address: [UInt8]) -> Bool {
        guard address.count == base.count else { return false }
        return (0..<length).allSatisfy { bit in (address[bit / 8] ^ base[bit / 8]) & (0x80 >> UInt8(bit % 8)) == 0 }
    }
}
