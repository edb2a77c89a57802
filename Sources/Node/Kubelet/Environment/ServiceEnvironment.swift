internal import KubernetesAPI

/// The variables that tell a container where Services are (`pkg/kubelet/envvars`).
enum ServiceEnvironment {
    private static let master = (namespace: "default", name: "kubernetes")

    /// Those of the pod's namespace when it wants links, and always `kubernetes` of `default`, unless its own namespace has one.
    ///
    /// - Parameter services: Of the pod's namespace and of `default`.
    static func variables(_ services: [Service], of pod: Pod) -> [(name: String, value: String)] {
        let links = pod.spec.enableServiceLinks ?? true
        let withAddress = services.filter { !["", "None"].contains($0.spec.clusterIP ?? "") }
        var chosen = withAddress.filter { links && $0.metadata.namespace == pod.namespace }
        let isThere = chosen.contains { $0.metadata.name == master.name }
        if !isThere,
            let kubernetes = withAddress.first(where: { ($0.metadata.namespace, $0.metadata.name) == (master.namespace, master.name) })
        {
            chosen.append(kubernetes)
        }
        return chosen.sorted { ($0.metadata.name ?? "") < ($1.metadata.name ?? "") }.flatMap { variables(of: $0) }
    }

    private static func variables(of service: Service) -> [(name: String, value: String)] {
        let prefix = variableName(service.metadata.name ?? "")
        let address = service.spec.clusterIP ?? ""
        let ports = service.spec.ports
        var result = [(name: "\(prefix)_SERVICE_HOST", value: address)]
        if let first = ports.first { result.append(("\(prefix)_SERVICE_PORT", "\(first.port)")) }
        for port in ports {
            if let name = port.name, !name.isEmpty { result.append(("\(prefix)_SERVICE_PORT_\(variableName(name))", "\(port.port)")) }
        }
        // The variables of Docker's links, which came first.
        for (index, port) in ports.enumerated() {
            let kind = port.protocol ?? "TCP"
            let url = "\(kind.lowercased())://\(address.contains(":") ? "[\(address)]" : address):\(port.port)"
            let link = "\(prefix)_PORT_\(port.port)_\(kind.uppercased())"
            if index == 0 { result.append(("\(prefix)_PORT", url)) }
            result += [(link, url), ("\(link)_PROTO", kind.lowercased()), ("\(link)_PORT", "\(port.port)"), ("\(link)_ADDR", address)]
        }
        return result
    }

    private static func variableName(_ name: String) -> String { name.uppercased().replacing("-", with: "_") }
}
