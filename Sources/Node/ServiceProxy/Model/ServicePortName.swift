package import KubernetesClient

/// Names one port of a service.
package struct ServicePortName: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var service: ObjectKey
    /// Empty when the service has one port without a name.
    package var port: String

    /// `default/web:http`
    package var description: String { port.isEmpty ? service.description : "\(service):\(port)" }

    package static func < (left: ServicePortName, right: ServicePortName) -> Bool {
        (left.service, left.port) < (right.service, right.port)
    }
}

/// As nft(8) and Kubernetes write it, in small letters.
enum TransportProtocol: String, Hashable, Sendable {
    case tcp, udp, sctp

    /// - Parameter name: `TCP`, `UDP`, `SCTP`; TCP when there is none.
    init?(kubernetes name: String?) {
        self.init(rawValue: (name ?? "TCP").lowercased())
    }
}

/// Where packets of a service go in the end.
struct Backend: Hashable, Comparable, Sendable {
    /// As in the EndpointSlice, in its canonical form.
    var address: String
    var port: UInt16
    var isIPv4: Bool

    static func < (left: Backend, right: Backend) -> Bool { (left.address, left.port) < (right.address, right.port) }
}
