internal import Nftables

/// The rules of one service port. Pure.
///
/// - `lb-ID`: to any endpoint; `near-ID`: to one of this node; `out-ID`: what came by an address of the outside.
/// - With affinity each endpoint has a chain `ep-ID-N` and a set `aff-ID-N` of the clients that stay with it, N naming the endpoint.
struct PortRules {
    let port: ProxiedPort
    let podCIDRs: [IPNetwork]

    var fragment: RuleFragment {
        var result = RuleFragment()
        addEndpoints(&result)
        addClusterIP(&result)
        addOutside(&result)
        addSourceRanges(&result)
        return result
    }

    private var id: String { port.id }
    private var version: Int { port.isIPv4 ? 4 : 6 }
    private var family: String { port.isIPv4 ? "ip" : "ip6" }
    private var transport: String { port.transport.rawValue }

    // MARK: endpoints

    private var backends: [Backend] { Set(port.endpoints.cluster + (usesLocal ? port.endpoints.local : [])).sorted() }
    private var usesLocal: Bool { port.isInternalLocal || (port.isExternalLocal && hasOutside) }
    private var hasOutside: Bool { port.nodePort != nil || !port.outsideIPs.isEmpty }

    private func addEndpoints(_ result: inout RuleFragment) {
        for backend in backends {
            result.elements[.init(collection: "hairpin\(version)", key: "\(backend.address) . \(backend.address)")] = ""
            if let seconds = port.affinitySeconds { addSticky(backend, seconds, &result) }
        }
        if !port.endpoints.cluster.isEmpty { result.chains["lb-\(id)"] = balance(port.endpoints.cluster) }
        if usesLocal, !port.endpoints.local.isEmpty { result.chains["near-\(id)"] = balance(port.endpoints.local) }
    }

    private func balance(_ backends: [Backend]) -> [String] {
        if port.affinitySeconds != nil {
            let kept = backends.map { "\(family) saddr @aff-\(suffix($0)) goto ep-\(suffix($0))" }
            let choices = backends.enumerated().map { "\($0.offset) : goto ep-\(suffix($0.element))" }
            return kept + ["numgen random mod \(backends.count) vmap { \(choices.joined(separator: ", ")) }"]
        }
        if backends.count == 1 { return [translate(backends[0])] }
        let choices = backends.enumerated().map { "\($0.offset) : \($0.element.address) . \($0.element.port)" }
        return [
            "meta l4proto \(transport) dnat \(family) to numgen random mod \(backends.count) map { \(choices.joined(separator: ", ")) }"
        ]
    }

    private func translate(_ backend: Backend) -> String {
        let address = port.isIPv4 ? backend.address : "[\(backend.address)]"
        return "meta l4proto \(transport) dnat \(family) to \(address):\(backend.port)"
    }

    private func addSticky(_ backend: Backend, _ seconds: Int32, _ result: inout RuleFragment) {
        let type = port.isIPv4 ? "ipv4_addr" : "ipv6_addr"
        result.sets["aff-\(suffix(backend))"] = "type \(type); flags dynamic,timeout; timeout \(seconds)s;"
        result.chains["ep-\(suffix(backend))"] = ["update @aff-\(suffix(backend)) { \(family) saddr }", translate(backend)]
    }

    private func suffix(_ backend: Backend) -> String {
        // With the time, since a set's cannot be changed: another time makes another set.
        let hash = "\(backend.address) \(backend.port) \(port.affinitySeconds ?? 0)".utf8.reduce(0x811c_9dc5 as UInt32) {
            ($0 ^ UInt32($1)) &* 0x0100_0193
        }
        return "\(id)-\(String(hash, radix: 36))"
    }

    // MARK: ways in

    private func addClusterIP(_ result: inout RuleFragment) {
        let chosen = port.isInternalLocal ? port.endpoints.local : port.endpoints.cluster
        if !chosen.isEmpty {
            result.elements[entry("services", port.clusterIP)] = "goto \(port.isInternalLocal ? "near" : "lb")-\(id)"
        } else {
            result.elements[entry("refused", port.clusterIP)] = refusal
        }
    }

    /// A policy that keeps to this node is silent where others could answer: balancers take the node out by its health check.
    private var refusal: String { port.endpoints.isAnywhere ? "drop" : "goto rejecting" }

    private func addOutside(_ result: inout RuleFragment) {
        guard hasOutside else { return }
        // Pods and the node itself are served by any endpoint, also with the policy Local.
        let isServed = !port.endpoints.cluster.isEmpty
        let servesOutside = port.isExternalLocal ? !port.endpoints.local.isEmpty : isServed
        if isServed { result.chains["out-\(id)"] = port.isExternalLocal ? keepingNear : [BaseRules.markForMasquerade, "goto lb-\(id)"] }
        for address in port.outsideIPs {
            if isServed { result.elements[entry("services", address)] = "goto out-\(id)" }
            if !servesOutside { result.elements[entry("refused", address)] = refusal }
        }
        guard let nodePort = port.nodePort else { return }
        let key = "\(transport) . \(nodePort)"
        if isServed { result.elements[.init(collection: "nodeports\(version)", key: key)] = "goto out-\(id)" }
        if !servesOutside { result.elements[.init(collection: "refusedports\(version)", key: key)] = refusal }
    }

    private var keepingNear: [String] {
        let pods = podCIDRs.filter { $0.isIPv4 == port.isIPv4 }.map(\.description)
        return (pods.isEmpty ? [] : ["\(family) saddr { \(pods.joined(separator: ", ")) } goto lb-\(id)"])
            + ["fib saddr type local \(BaseRules.markForMasquerade) goto lb-\(id)"]
            + (port.endpoints.local.isEmpty ? [] : ["goto near-\(id)"])
    }

    private func addSourceRanges(_ result: inout RuleFragment) {
        guard !port.guardedIPs.isEmpty else { return }
        let ranges = port.sourceRanges.map(\.description)
        result.chains["src-\(id)"] = (ranges.isEmpty ? [] : ["\(family) saddr { \(ranges.joined(separator: ", ")) } return"]) + ["drop"]
        for address in port.guardedIPs { result.elements[entry("guarded", address)] = "goto src-\(id)" }
    }

    private func entry(_ map: String, _ address: String) -> RuleFragment.Element {
        .init(collection: "\(map)\(version)", key: "\(address) . \(transport) . \(port.port)")
    }
}
