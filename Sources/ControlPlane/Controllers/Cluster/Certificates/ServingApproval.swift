package import APIMachinery

/// Which certificates of their own API node agents get without an administrator: for what their node is known by, but for what is the control
/// plane's. A node tells its names and addresses itself, and whoever has a certificate for the control plane's could stand in its place.
package struct ServingApproval: Hashable, Sendable {
    private let names: Set<String>
    private let addresses: Set<[UInt8]>

    /// - Parameters:
    ///   - names: Of the control plane, besides those that services have.
    ///   - addresses: Of the control plane, as it is reached from nodes and from pods.
    package init(names: [String] = [], addresses: [IPAddress] = []) {
        self.names = Set(names.map { $0.lowercased() })
        self.addresses = Set(addresses.map(\.bytes))
    }

    /// - Parameter address: In network byte order.
    func mayHave(address: [UInt8]) -> Bool {
        // Every machine's own: whoever asks there expects its control plane.
        let isLoopback = address.count == 4 ? address[0] == 127 : address.dropLast().allSatisfy { $0 == 0 }
        return !isLoopback && !addresses.contains(address)
    }

    /// Names of services are nobody's either: `kubernetes`, `NAME.NAMESPACE.svc` and what ends with the cluster's domain.
    func mayHave(name: String) -> Bool {
        let name = name.lowercased()
        let labels = name.split(separator: ".")
        return !names.contains(name) && labels.first != "kubernetes" && labels.first != "localhost" && !labels.contains("svc")
    }
}
