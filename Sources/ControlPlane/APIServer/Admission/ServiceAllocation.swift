package import APIMachinery
import Synchronization

/// Gives services their cluster address and node ports, each to one service only.
package final class ServiceAllocation: AdmissionPlugin {
    /// First address and how many there are; IPv4.
    private let base: UInt32
    private let count: UInt32
    private static let ports = 30000...32767
    /// Given out lately: the service may not be stored yet.
    private let recent = Mutex<[String]>([])

    /// - Parameter cidr: Of IPv4: `10.96.0.0/12`. What cannot be read is taken for that.
    package init(cidr: String = "10.96.0.0/12") {
        let parts = cidr.split(separator: "/")
        let bits = parts.count == 2 ? UInt32(parts[1]) ?? 12 : 12
        base = Self.number(parts.first.map(String.init) ?? "") ?? Self.number("10.96.0.0") ?? 0
        count = UInt32(truncatingIfNeeded: UInt64(1) << UInt64(32 - min(bits, 32)))
    }

    package func mutate(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status) {
        guard attributes.isFor("services"), attributes.operation != .delete, var service = attributes.object else { return }
        if let old = attributes.old { Self.keep(&service, old) }
        try checkFamilies(service, attributes)
        let used = try await Used(objects, attributes)
        if Self.needsAddress(service) { allocateAddress(&service, used) }
        if Self.needsPorts(service) { allocatePorts(&service, used) }
        if Self.needsHealthCheckPort(service) { allocateHealthCheckPort(&service, used) }
        attributes.object = service
    }

    package func validate(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status) {
        guard attributes.isFor("services"), attributes.operation != .delete, let service = attributes.object else { return }
        let used = try await Used(objects, attributes)
        var problems: [FieldError] = []
        if Self.needsAddress(service), attributes.old?["spec"]?["clusterIP"] != service["spec"]?["clusterIP"] {
            problems += addressProblems(service, used)
        }
        problems += portProblems(service, attributes.old, used)
        guard problems.isEmpty else { throw attributes.resource.invalid(service.name, problems) }
    }

    // MARK: what is asked for

    private static func type(_ service: JSONObject) -> String { service["spec"]?["type"]?.stringValue ?? "ClusterIP" }
    private static func needsAddress(_ service: JSONObject) -> Bool { type(service) != "ExternalName" }
    private static func needsPorts(_ service: JSONObject) -> Bool {
        type(service) == "NodePort"
            || (type(service) == "LoadBalancer" && service["spec"]?["allocateLoadBalancerNodePorts"]?.boolValue != false)
    }

    private static func needsHealthCheckPort(_ service: JSONObject) -> Bool {
        type(service) == "LoadBalancer" && service["spec"]?["externalTrafficPolicy"]?.stringValue == "Local"
    }
    /// Without addresses of its own, and without pods to take them from: whatever addresses its endpoints have.
    private static func isOpenHeadless(_ service: JSONObject) -> Bool {
        let address = service["spec"]?["clusterIP"]?.stringValue ?? service["spec"]?["clusterIPs"]?[0]?.stringValue
        return address == "None" && (service["spec"]?["selector"]?.objectValue ?? JSONObject()).isEmpty
    }

    /// An update that leaves out what was given keeps it.
    private static func keep(_ service: inout JSONObject, _ old: JSONObject) {
        guard needsAddress(service), needsAddress(old) else { return }
        for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] where service["spec"]?[field] == nil {
            if let value = old["spec"]?[field] { service.setSpec(field, value) }
        }
        if needsHealthCheckPort(service), service["spec"]?["healthCheckNodePort"] == nil, let port = old["spec"]?["healthCheckNodePort"] {
            service.setSpec("healthCheckNodePort", port)
        }
        guard needsPorts(service), needsPorts(old), var ports = service["spec"]?["ports"]?.arrayValue else { return }
        let before = old["spec"]?["ports"]?.arrayValue ?? []
        for index in ports.indices where ports[index]["nodePort"] == nil {
            let same = before.first { $0["port"] == ports[index]["port"] && $0["protocol"] == ports[index]["protocol"] }
            ports[index]["nodePort"] = same?["nodePort"]
        }
        service.setSpec("ports", .array(ports))
    }

    // MARK: giving out

    private func allocateAddress(_ service: inout JSONObject, _ used: Used) {
        var address = service["spec"]?["clusterIP"]?.stringValue ?? ""
        if address.isEmpty { address = service["spec"]?["clusterIPs"]?[0]?.stringValue ?? "" }
        if address.isEmpty { address = freeAddress(used) ?? "" }
        guard !address.isEmpty else { return }
        service.setSpec("clusterIP", .string(address))
        service.setSpec("clusterIPs", service["spec"]?["clusterIPs"] ?? [.string(address)])
        let isOpen = Self.isOpenHeadless(service)
        if service["spec"]?["ipFamilyPolicy"] == nil { service.setSpec("ipFamilyPolicy", isOpen ? "RequireDualStack" : "SingleStack") }
        if service["spec"]?["ipFamilies"] == nil {
            let isDual = isOpen && service["spec"]?["ipFamilyPolicy"]?.stringValue != "SingleStack"
            service.setSpec("ipFamilies", isDual ? ["IPv4", "IPv6"] : ["IPv4"])
        }
    }

    private func freeAddress(_ used: Used) -> String? {
        // The first addresses are for those that choose theirs.
        let low = min(count / 16 + 1, 256)
        guard count > low + 1 else { return nil }
        for _ in 0..<64 {
            let address = Self.text(base + UInt32.random(in: low..<(count - 1)))
            if !used.hasAddress(address), reserve(address) { return address }
        }
        for offset in 1..<(count - 1) {
            let address = Self.text(base + offset)
            if !used.hasAddress(address), reserve(address) { return address }
        }
        return nil
    }

    private func allocatePorts(_ service: inout JSONObject, _ used: Used) {
        guard var ports = service["spec"]?["ports"]?.arrayValue else { return }
        for index in ports.indices where (ports[index]["nodePort"]?.integerValue ?? 0) == 0 {
            if let free = freePort(used) { ports[index]["nodePort"] = .integer(Int64(free)) }
        }
        service.setSpec("ports", .array(ports))
    }

    private func allocateHealthCheckPort(_ service: inout JSONObject, _ used: Used) {
        guard (service["spec"]?["healthCheckNodePort"]?.integerValue ?? 0) == 0, let free = freePort(used) else { return }
        service.setSpec("healthCheckNodePort", .integer(Int64(free)))
    }

    private func freePort(_ used: Used) -> Int? {
        let start = Int.random(in: 0..<Self.ports.count)
        return (0..<Self.ports.count).lazy.map { Self.ports.lowerBound + (start + $0) % Self.ports.count }
            .first { port in !used.hasPort(port) && self.reserve("port \(port)") }
    }

    /// - Returns: false when it has been given out lately.
    private func reserve(_ name: String) -> Bool {
        recent.withLock { recent in
            guard !recent.contains(name) else { return false }
            recent.append(name)
            if recent.count > 256 { recent.removeFirst() }
            return true
        }
    }

    // MARK: checking what was chosen

    /// What this cluster, which has addresses of IPv4 alone, cannot give. Looked at before anything is given out.
    private func checkFamilies(_ service: JSONObject, _ attributes: AdmissionAttributes) throws(Status) {
        guard Self.needsAddress(service), !Self.isOpenHeadless(service),
            attributes.old == nil || attributes.old?["spec"]?["ipFamilyPolicy"] != service["spec"]?["ipFamilyPolicy"]
        else { return }
        let problems = familyProblems(service)
        guard problems.isEmpty else { throw attributes.resource.invalid(service.name, problems) }
    }

    private func familyProblems(_ service: JSONObject) -> [FieldError] {
        let spec = FieldPath("spec")
        if service["spec"]?["ipFamilyPolicy"]?.stringValue == "RequireDualStack" {
            return [
                .invalid(spec.child("ipFamilyPolicy"), "RequireDualStack", "this cluster is not configured for dual-stack services")
            ]
        }
        for (index, family) in (service["spec"]?["ipFamilies"]?.arrayValue ?? []).enumerated() where family == "IPv6" {
            return [.invalid(spec.child("ipFamilies").index(index), family, "not configured on this cluster")]
        }
        return []
    }

    private func addressProblems(_ service: JSONObject, _ used: Used) -> [FieldError] {
        let address = service["spec"]?["clusterIP"]?.stringValue ?? ""
        guard address != "None", !address.isEmpty else { return [] }
        let path = FieldPath("spec", "clusterIPs")
        let shown: JSONValue = [.string(address)]
        guard let number = Self.number(address), number >= base, number - base < count else {
            return [.invalid(path, shown, "failed to allocate IP \(address): the provided network does not match the current range")]
        }
        guard !used.hasAddress(address) else {
            return [.invalid(path, shown, "failed to allocate IP \(address): provided IP is already allocated")]
        }
        return []
    }

    private func portProblems(_ service: JSONObject, _ old: JSONObject?, _ used: Used) -> [FieldError] {
        let before = (old?["spec"]?["ports"]?.arrayValue ?? []).compactMap { $0["nodePort"]?.integerValue }
        var seen: Set<String> = []
        for (index, port) in (service["spec"]?["ports"]?.arrayValue ?? []).enumerated() {
            guard let number = port["nodePort"]?.integerValue, number != 0, !before.contains(number) else { continue }
            let path = FieldPath("spec", "ports").index(index).child("nodePort")
            guard Self.ports.contains(Int(number)) else {
                return [
                    .invalid(
                        path, .integer(number),
                        "provided port is not in the valid range. The range of valid ports is "
                            + "\(Self.ports.lowerBound)-\(Self.ports.upperBound)")
                ]
            }
            let key = "\(port["protocol"]?.stringValue ?? "TCP") \(number)"
            guard !used.hasPort(Int(number)), seen.insert(key).inserted else {
                return [.invalid(path, .integer(number), "provided port is already allocated")]
            }
        }
        return []
    }

    // MARK: addresses as numbers

    private static func number(_ text: String) -> UInt32? {
        guard let address = IPAddress(text), address.isIPv4 else { return nil }
        return address.bytes.reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static func text(_ number: UInt32) -> String {
        [24, 16, 8, 0].map { String(number >> $0 & 0xff) }.joined(separator: ".")
    }
}

/// What other services have.
private struct Used {
    private let index: ServiceIndex
    private let key: String

    init(_ objects: ObjectReader, _ attributes: AdmissionAttributes) async throws(Status) {
        index = objects.server.services
        key = attributes.resource.stored?.location.key(namespace: attributes.namespace, name: attributes.name) ?? ""
        try await index.refresh(objects)
    }

    func hasAddress(_ address: String) -> Bool { index.isTaken(address: address, except: key) }
    func hasPort(_ port: Int) -> Bool { index.isTaken(port: port, except: key) }
}
