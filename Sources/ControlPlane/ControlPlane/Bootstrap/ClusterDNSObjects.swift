internal import APIMachinery

/// The service `kube-dns`, which leads to a DNS server that runs outside of pods. It has no selector, so its endpoints are what is written here.
enum ClusterDNSObjects {
    /// - Parameters:
    ///   - address: Of the service.
    ///   - backend: Where the DNS server listens, on port 53; nil: only nodes have some, whose slices a controller keeps.
    ///   - node: The node that it is part of.
    static func objects(address: String, backend: String?, node: String? = nil) -> [BootstrapObject] {
        let ports: [(name: String, transport: String)] = [("dns", "UDP"), ("dns-tcp", "TCP")]
        var service = BootstrapObject(group: "", kind: "Service", path: "kube-system/kube-dns")
        service.label("k8s-app", "kube-dns")
        service.label("kubernetes.io/cluster-service", "true")
        service.label("kubernetes.io/name", "CoreDNS")
        service.object["spec"] = [
            "ports": .array(ports.map { ["name": .string($0.name), "protocol": .string($0.transport), "port": 53, "targetPort": 53] }),
            "clusterIP": .string(address), "clusterIPs": [.string(address)], "type": "ClusterIP", "sessionAffinity": "None",
            "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack", "internalTrafficPolicy": "Cluster",
        ]
        service.object["status"] = ["loadBalancer": .object(JSONObject())]

        guard let backend else { return [service] }
        var slice = BootstrapObject(group: "discovery.k8s.io", kind: "EndpointSlice", path: "kube-system/kube-dns")
        slice.object["metadata", default: .null]["generation"] = 1
        slice.label("kubernetes.io/service-name", "kube-dns")
        slice.label("endpointslice.kubernetes.io/managed-by", "swiftlet")
        slice.object["addressType"] = "IPv4"
        var endpoint: JSONValue = ["addresses": [.string(backend)], "conditions": ["ready": true]]
        if let node {
            endpoint["nodeName"] = .string(node)
            endpoint["hints"] = ["forNodes": [["name": .string(node)]]]
        }
        slice.object["endpoints"] = [endpoint]
        slice.object["ports"] = .array(ports.map { ["name": .string($0.name), "protocol": .string($0.transport), "port": 53] })
        return [service, slice]
    }

    static func reservation(address: String) -> BootstrapObject {
        var reservation = BootstrapObject(group: "networking.k8s.io", kind: "IPAddress", path: address[...])
        reservation.label("ipaddress.kubernetes.io/ip-family", "IPv4")
        reservation.label("ipaddress.kubernetes.io/managed-by", "ipallocator.k8s.io")
        reservation.object["spec"] = ["parentRef": ["resource": "services", "namespace": "kube-system", "name": "kube-dns"]]
        return reservation
    }
}
