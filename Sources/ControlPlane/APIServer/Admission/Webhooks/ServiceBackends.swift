internal import APIMachinery

/// Finds who stands behind a service, without a service proxy: through its EndpointSlices, or Endpoints where nobody makes slices.
struct ServiceBackends: Sendable {
    struct Backend: Hashable, Sendable {
        var host: String
        var port: Int
        /// Of the pod behind it; empty when it is no pod.
        var podName = ""
    }

    let objects: ObjectReader

    /// - Parameter port: A port of the service.
    /// - Throws: 503 in upstream's words.
    func backend(namespace: String, name: String, port: Int) async throws(Status) -> Backend {
        guard let service = try await objects.get("services", namespace: namespace, name: name) else {
            throw .notFound(resource: "service", group: "", name: name)
        }
        if service["spec"]?["type"]?.stringValue == "ExternalName" {
            return Backend(host: service["spec"]?["externalName"]?.stringValue ?? "", port: port)
        }
        let ports = service["spec"]?["ports"]?.arrayValue ?? []
        guard let found = ports.first(where: { $0["port"]?.integerValue == Int64(port) }) else {
            throw .unavailable("no service port \(port) found for service \(name.quoted)")
        }
        let backends = try await backends(namespace: namespace, name: name, portName: found["name"]?.stringValue ?? "")
        guard let backend = backends.randomElement() else {
            throw .unavailable("no endpoints available for service \(name.quoted)")
        }
        return backend
    }

    /// Everybody who is ready behind a port of a service.
    ///
    /// - Parameter portName: As the service names it; empty for the port without a name.
    func backends(namespace: String, name: String, portName: String) async throws(Status) -> [Backend] {
        let slices = try await objects.list(group: "discovery.k8s.io", "endpointslices", namespace: namespace).filter {
            $0.labels["kubernetes.io/service-name"] == name && $0["addressType"]?.stringValue != "FQDN"
        }
        if !slices.isEmpty { return slices.flatMap { Self.backends(ofSlice: $0, portName) } }
        guard let endpoints = try await objects.get("endpoints", namespace: namespace, name: name) else { return [] }
        return (endpoints["subsets"]?.arrayValue ?? []).flatMap { subset in
            Self.joined(ports: subset["ports"], portName, (subset["addresses"]?.arrayValue ?? []).map { ($0["ip"], $0["targetRef"]) })
        }
    }

    private static func backends(ofSlice slice: JSONObject, _ portName: String) -> [Backend] {
        let ready = (slice["endpoints"]?.arrayValue ?? []).filter { $0["conditions"]?["ready"]?.boolValue ?? true }
        let addresses = ready.flatMap { endpoint in
            (endpoint["addresses"]?.arrayValue ?? []).map { (Optional($0), endpoint["targetRef"]) }
        }
        return joined(ports: slice["ports"], portName, addresses)
    }

    private static func joined(
        ports: JSONValue?, _ portName: String, _ addresses: [(address: JSONValue?, target: JSONValue?)]
    ) -> [Backend] {
        let numbers = (ports?.arrayValue ?? []).filter { ($0["name"]?.stringValue ?? "") == portName }
            .compactMap { $0["port"]?.integerValue }
        return addresses.flatMap { entry in
            let isPod = entry.target?["kind"]?.stringValue == "Pod"
            return numbers.map {
                Backend(
                    host: entry.address?.stringValue ?? "", port: Int($0),
                    podName: isPod ? entry.target?["name"]?.stringValue ?? "" : "")
            }
        }
    }
}

extension Status {
    static func unavailable(_ message: String) -> Status { Status(code: 503, reason: .serviceUnavailable, message: message) }
}
