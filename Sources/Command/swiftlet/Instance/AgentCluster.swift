internal import APIMachinery
internal import ControlPlane
internal import Kubelet
internal import KubernetesAPI
internal import KubernetesClient
internal import Netlink

/// The cluster that an agent of its own process is a node of.
struct AgentCluster: Sendable {
    let access: KubeconfigFile.Access
    /// nil: with a kubeconfig of the user's.
    let join: ClusterJoin?
    /// nil: the cluster says nothing of its network, so this is somebody else's affair.
    let facts: ClusterNetworkFacts?

    /// Joins, and changes the settings as the cluster has it.
    static func join(_ join: ClusterJoin, _ settings: inout NodeAgent.Settings) async throws -> AgentCluster {
        let access = try await join.access()
        return AgentCluster(access: access, join: join, facts: try await facts(access, join.credentials, &settings))
    }

    /// The cluster of a kubeconfig.
    static func use(_ access: KubeconfigFile.Access, _ settings: inout NodeAgent.Settings) async throws -> AgentCluster {
        let credentials = try NodeCredentials(directory: "\(settings.place.dataDirectory)/agent")
        return AgentCluster(access: access, join: nil, facts: try await facts(access, credentials, &settings))
    }

    var renewal: ClientCertificateRenewal? { join.map { ClientCertificateRenewal(join: $0, access: access) } }

    func startNetwork(_ agent: NodeAgent, policies: PolicyEnforcement) async throws -> AgentNetwork? {
        guard let facts else { return nil }
        return try await AgentNetwork.start(
            agent.runtime, nodeName: agent.nodeName, facts: facts, policies: policies, client: access.client)
    }

    private static func facts(
        _ access: KubeconfigFile.Access, _ credentials: NodeCredentials, _ settings: inout NodeAgent.Settings
    ) async throws -> ClusterNetworkFacts? {
        var outline = settings.outline
        outline.nodeName = settings.place.nodeName
        outline.node = Machine.facts(storage: "/")
        let membership = ClusterMembership(
            client: access.client, nodeName: settings.place.nodeName, labels: NodeObject.labels(outline),
            taints: outline.registerWithTaints, credentials: credentials)
        guard let known = try await membership.read(isAssigned: !settings.place.isPodCIDRGiven) else { return nil }
        let facts = known.facts
        if let own = known.podCIDRs.first { settings.place.podCIDR = own }
        settings.place.clusterCIDRs = facts.clusterCIDRs
        if facts.routing == PodTunnel.always { settings.place.mtu = PodTunnel.mtu(on: outline.hostIPs.first) }
        let (servers, domain) = (facts.clusterDNS.isEmpty ? [] : [facts.clusterDNS], facts.clusterDomain)
        settings.changeFirst { configuration in
            if configuration.clusterDNS.isEmpty { configuration.clusterDNS = servers }
            configuration.clusterDomain = domain
        }
        return facts
    }
}

/// What tunnels to other nodes leave of a packet.
enum PodTunnel {
    static let always = "vxlan"

    /// Of pods' links when all their packets to other nodes go through a tunnel, in bytes; nil: the machine's way out is not known.
    static func mtu(on address: String?) -> UInt32? {
        guard let address = address.flatMap({ Netlink.IPAddress($0) }), var socket = try? NetlinkSocket(),
            let index = (try? socket.addresses())?.first(where: { $0.prefix.address == address })?.linkIndex,
            let link = try? socket.link(.index(index))
        else { return nil }
        return link.mtu - (address.family == .v4 ? 50 : 70)
    }
}
