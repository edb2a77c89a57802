internal import KubernetesAPI

/// A port of the node that a pod takes. Any address clashes with each address.
package struct HostPort: Hashable, Sendable {
    /// `0.0.0.0` for any.
    package var address: String
    package var transport: String
    package var port: Int32

    package func clashes(with other: HostPort) -> Bool {
        port == other.port && transport == other.transport
            && (address == other.address || address == Self.anyAddress || other.address == Self.anyAddress)
    }

    static let anyAddress = "0.0.0.0"

    static func ports(of pod: Pod) -> [HostPort] {
        let sidecars = pod.spec.initContainers.filter { $0.restartPolicy == "Always" }
        return (pod.spec.containers + sidecars).flatMap(\.ports).compactMap { port in
            guard let number = port.hostPort, number > 0 else { return nil }
            return HostPort(address: port.hostIP ?? anyAddress, transport: port.protocol ?? "TCP", port: number)
        }
    }
}
