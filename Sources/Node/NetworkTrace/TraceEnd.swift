internal import APIMachinery
internal import KubernetesAPI
package import KubernetesClient

/// One end of a packet's way, as people write it.
package enum TraceEnd: Hashable, Sendable {
    case pod(ObjectKey)
    case service(ObjectKey)
    /// nil: the only one.
    case node(String?)
    case address(String)
}

/// What cannot be asked, and why.
package struct TraceQuestionError: Error, Hashable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

extension TraceEnd {
    /// Reads `pod/NAME`, `NAMESPACE/NAME` and `NAME` (a pod), `service/NAME`, `service/NAMESPACE/NAME`, `NAME.NAMESPACE.svc`, `node`, `node/NAME`, an address.
    package init(parsing text: String, namespace: String) throws(TraceQuestionError) {
        if let address = IPAddress(text) {
            self = .address(address.description)
            return
        }
        if text == "node" {
            self = .node(nil)
            return
        }
        var parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if parts.count == 1, let service = Self.service(named: text) {
            self = .service(service)
            return
        }
        let kinds = [
            "pod": "pod", "pods": "pod", "po": "pod", "service": "service", "services": "service", "svc": "service", "node": "node",
        ]
        let kind = parts.count > 1 ? kinds[parts[0]] : nil
        if kind != nil { parts.removeFirst() }
        guard (1...2).contains(parts.count), parts.allSatisfy({ NameValidation.dns1123Subdomain($0).isEmpty }),
            kind != "node" || parts.count == 1
        else {
            throw TraceQuestionError("\(text): write pod/NAME, NAMESPACE/NAME, service/NAME, node or an address")
        }
        let key = ObjectKey(namespace: parts.count == 2 ? parts[0] : namespace, name: parts[parts.count - 1])
        switch kind {
        case "service": self = .service(key)
        case "node": self = .node(key.name)
        default: self = .pod(key)
        }
    }

    /// `web.default.svc`, `web.default.svc.cluster.local`
    private static func service(named text: String) -> ObjectKey? {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard labels.count >= 3, labels[2] == "svc" else { return nil }
        return ObjectKey(namespace: labels[1], name: labels[0])
    }
}

/// Whom a packet is for: an end, a port, a transport.
package struct TraceTarget: Hashable, Sendable {
    package var end: TraceEnd
    /// A number, or the name that a service or a pod gives it.
    package var port: String
    /// `tcp`, `udp` or `sctp`.
    package var transport: String

    /// Reads `service/web:80`, `10.0.0.1:53/udp`, `[fd00::1]:80`.
    package init(parsing text: String, namespace: String) throws(TraceQuestionError) {
        var rest = text[...]
        transport = "tcp"
        for name in ["tcp", "udp", "sctp"] where rest.hasSuffix("/\(name)") {
            transport = name
            rest = rest.dropLast(name.count + 1)
        }
        guard let colon = rest.lastIndex(of: ":"), colon != rest.startIndex, rest.index(after: colon) != rest.endIndex,
            rest.hasPrefix("[") || !rest[..<colon].contains(":")
        else { throw TraceQuestionError("\(text): a port is needed, as in service/web:80 or 10.0.0.1:53/udp") }
        port = String(rest[rest.index(after: colon)...])
        var host = rest[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        end = try TraceEnd(parsing: String(host), namespace: namespace)
    }
}
