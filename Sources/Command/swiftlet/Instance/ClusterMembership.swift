internal import APIMachinery
internal import ControlPlane
internal import KubernetesAPI
internal import KubernetesClient

/// What a node is told of its cluster before it makes its pod network: the network's facts, and its own part of the pods' addresses.
struct ClusterMembership: Sendable {
    private static let period = Duration.milliseconds(200)

    let client: Client
    let nodeName: String
    /// What the node registers with.
    let labels: [String: String]
    let taints: [Taint]
    /// Where what was told is kept.
    let credentials: NodeCredentials

    /// - Returns: What the cluster says; while it cannot be asked, what it has said before. nil: it says nothing of the kind.
    func read(isAssigned: Bool) async throws -> NodeCredentials.Membership? {
        var hasTold = false
        while true {
            do {
                return try await asked(isAssigned: isAssigned)
            } catch {
                let code = (error as? ClientError)?.status?.code
                if code == 404 || code == 403 { return nil }
                if let known = credentials.membership { return known }
                if !hasTold { Output.warn("swiftlet: read what the cluster's network is like: \(error); trying again") }
                hasTold = true
                try await Task.sleep(for: .seconds(1))
            }
        }
    }

    /// - Parameter isAssigned: Whether the node takes the addresses that the cluster gives it.
    private func asked(isAssigned: Bool) async throws -> NodeCredentials.Membership? {
        let map = try await client.resource(ConfigMap.self, namespace: ClusterNetworkFacts.namespace).get(ClusterNetworkFacts.mapName)
        guard let facts = ClusterNetworkFacts(map.data) else {
            throw Refusal("ConfigMap \(ClusterNetworkFacts.namespace)/\(ClusterNetworkFacts.mapName) is not as this version writes it")
        }
        let membership = NodeCredentials.Membership(
            facts: facts, podCIDRs: isAssigned && !facts.clusterCIDRs.isEmpty ? try await assigned() : [])
        if membership != credentials.membership { try credentials.keep(membership) }
        return membership
    }

    /// Registers the node, not ready yet, and waits until it is given addresses.
    private func assigned() async throws -> [String] {
        let nodes = client.resource(Node.self)
        let begin = ContinuousClock.now
        var hasTold = false
        while true {
            if let node = try await registered(nodes), !node.spec.podCIDRs.isEmpty { return node.spec.podCIDRs }
            if !hasTold, ContinuousClock.now > begin + .seconds(5) {
                Output.warn(
                    "swiftlet: waiting for the cluster to give node \(nodeName) a pod CIDR (kubectl get events --field-selector involvedObject.name=\(nodeName))"
                )
                hasTold = true
            }
            try await Task.sleep(for: Self.period)
        }
    }

    private func registered(_ nodes: ResourceClient<Node>) async throws -> Node? {
        do throws(ClientError) { return try await nodes.get(nodeName) } catch { guard error.isNotFound else { throw error } }
        do throws(ClientError) {
            return try await nodes.create(
                Node {
                    $0.metadata.name = nodeName
                    $0.metadata.labels = labels
                    $0.spec.taints = taints
                    // Its pods still have the addresses of before.
                    $0.spec.podCIDRs = credentials.membership?.podCIDRs ?? []
                    $0.spec.podCIDR = $0.spec.podCIDRs.first
                })
        } catch {
            guard error.isAlreadyExists else { throw error }
            return nil
        }
    }
}
