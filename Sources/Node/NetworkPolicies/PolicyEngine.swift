internal import KubernetesAPI
internal import KubernetesClient
internal import Netlink
internal import Nftables

/// The table of policies in the kernel. Calls block; one caller at a time.
struct PolicyEngine: Sendable {
    private let configuration: NetworkPoliciesConfiguration
    private let families: [IPAddress.Family]
    private var state: PolicyState
    private var table: RuleTable<PolicyState.Owner>
    /// The kernel's table is not what the state says: it has to be made anew.
    private var isBehind = true

    init(_ configuration: NetworkPoliciesConfiguration) {
        self.configuration = configuration
        families = (configuration.hasIPv4 ? [.v4] : []) + (configuration.hasIPv6 ? [.v6] : [])
        state = PolicyState(families: families, refusal: configuration.refusal)
        table = RuleTable(name: configuration.table)
        _ = state.change(.init(pods: Dictionary(configuration.nodeServers.map { ($0.pod.key, $0.pod) }) { first, _ in first }))
    }

    /// When this returns, packets are judged by the state with these changes. After an error they are judged as before; the next call makes up
    /// for it, also one without changes.
    mutating func change(_ changes: PolicyState.Changes) throws(NetworkPoliciesError) {
        let brought = state.change(changes)
        guard isBehind || !brought.isEmpty else { return }
        do throws(NftablesError) {
            if isBehind {
                try table.replace(PolicyBase(configuration: configuration, families: families).table, with: state.fragments)
            } else {
                try table.change(brought)
            }
            isBehind = false
        } catch {
            isBehind = true
            throw NetworkPoliciesError(description: "network policies: change the table \(configuration.table): \(error)")
        }
    }

    /// Takes the table out of the kernel, if there is one.
    static func remove(table: String) throws {
        var socket = try NetlinkSocket(.netfilter)
        guard try socket.netfilterTable(table) != nil else { return }
        try Nftables().remove(table)
    }
}

extension NodeServer {
    /// Of no node: nobody isolates it.
    var pod: PolicyPod {
        PolicyPod(
            key: ObjectKey(namespace: namespace, name: name), labels: labels, addresses: addresses.compactMap { IPAddress($0) },
            ports: ports.compactMap { port in
                TransportProtocol(kubernetes: port.transport).map {
                    PolicyPod.Port(name: PortName(transport: $0, name: port.name), number: port.number)
                }
            }, isLocal: false)
    }
}

/// Rules that the kernel has not taken, or that are not known in time.
package struct NetworkPoliciesError: Error, CustomStringConvertible {
    package let description: String
}
