internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// What a service of the type LoadBalancer asks for, and what it has.
struct LoadBalancerClaim: Hashable, Sendable {
    var key: ObjectKey
    /// Seconds since the epoch: of two that have one port of one address, the later one loses it.
    var created: Int64
    var ports: Set<BalancedPort>
    /// In the service's order.
    var wantsIPv4: [Bool]
    /// spec.loadBalancerIP, as it is written.
    var requested: String?
    var held: [IPAddress]
    /// With the policy Local and nodes' addresses: nodes with an endpoint that can be used; nil: any node will do.
    var nodes: Set<String>?
}

extension LoadBalancerClaim {
    init(_ service: Service, held: [IPAddress]) {
        key = ObjectKey(service)
        created = service.metadata.creationTimestamp?.seconds ?? 0
        ports = Set(service.spec.ports.map { BalancedPort(number: $0.port, transport: $0.protocol ?? "TCP") })
        let families = service.spec.ipFamilies.map { $0 == "IPv4" }
        wantsIPv4 = families.isEmpty ? [true] : families
        requested = service.spec.loadBalancerIP.flatMap { $0.isEmpty ? nil : $0 }
        self.held = held
    }
}

/// A node whose addresses load balancers may use.
struct BalancingNode: Hashable, Sendable {
    var name: String
    var addresses: [IPAddress]

    /// The addresses for the outside where there are any, else those among nodes.
    init(_ node: Node) {
        name = node.metadata.name ?? ""
        func ofType(_ type: String) -> [IPAddress] {
            node.status.addresses.filter { $0.type == type }.compactMap { IPAddress($0.address) }
        }
        let external = ofType("ExternalIP")
        addresses = external.isEmpty ? ofType("InternalIP") : external
    }

    /// Those that are ready; all when none is: an address that may answer is better than none. Without those that are kept from it (KEP-1143)
    /// and those that are about to go.
    static func usable(_ nodes: [Node]) -> [BalancingNode] {
        let allowed = nodes.filter {
            $0.metadata.labels["node.kubernetes.io/exclude-from-external-load-balancers"] == nil
                && $0.metadata.deletionTimestamp == nil
        }
        let ready = allowed.filter(\.isReady)
        return (ready.isEmpty ? allowed : ready).map(BalancingNode.init).sorted { $0.name < $1.name }
    }
}

/// Which addresses a load balancer gets. Pure.
struct LoadBalancerPlan: Sendable {
    enum Decision: Hashable, Sendable {
        case addresses([IPAddress])
        /// There is none for it now, and why.
        case pending(String)
    }

    let source: LoadBalancerAddresses
    let nodes: [BalancingNode]
    /// What others have.
    let rivals: [LoadBalancerClaim]
    /// Whether a program of the machine that has this address listens on the port.
    var isOccupied: @Sendable (IPAddress, BalancedPort) -> Bool = { _, _ in false }

    func decide(_ claim: LoadBalancerClaim) -> Decision {
        var requested: IPAddress?
        if let text = claim.requested {
            guard let address = IPAddress(text) else { return .pending("spec.loadBalancerIP: \(text) is not an address") }
            requested = address
        }
        switch source {
        case .nodes: return fromNodes(claim, requested)
        case .pool(let pool): return fromPool(pool, claim, requested)
        }
    }

    // MARK: nodes' addresses

    private func fromNodes(_ claim: LoadBalancerClaim, _ requested: IPAddress?) -> Decision {
        let addresses = candidates(claim)
        if let requested {
            guard addresses.contains(requested) else {
                return .pending(
                    "spec.loadBalancerIP: no node has the address \(requested); there \(Self.list(addresses, "is", "are"))")
            }
        }
        let wanted = addresses.filter { requested == nil ? claim.wantsIPv4.contains($0.isIPv4) : $0 == requested }
        guard !wanted.isEmpty else { return .pending("no node has an address of the service's families") }
        var reasons: [String] = []
        let free = wanted.filter { address in
            guard let reason = obstacle(address, claim) else { return true }
            reasons.append(reason)
            return false
        }
        // With some nodes' addresses only: clients use any of those that are named.
        return free.isEmpty ? .pending(reasons.joined(separator: "; ")) : .addresses(free)
    }

    private func candidates(_ claim: LoadBalancerClaim) -> [IPAddress] {
        let near = claim.nodes.map { names in nodes.filter { names.contains($0.name) } } ?? nodes
        return (near.isEmpty ? nodes : near).flatMap(\.addresses)
    }

    private func obstacle(_ address: IPAddress, _ claim: LoadBalancerClaim) -> String? {
        for rival in rivals.sorted(by: { $0.key < $1.key }) where yields(claim, to: rival, address) {
            if let port = rival.ports.intersection(claim.ports).min() {
                return "service \(rival.key) has the port \(port) of \(address)"
            }
        }
        // Its own rules do not listen, so what does was there before, or knows what it does.
        guard !claim.held.contains(address) else { return nil }
        return claim.ports.sorted().first { isOccupied(address, $0) }.map { "a program of the node has the port \($0) of \(address)" }
    }

    /// Who has an address stays with it; of two that have it, the older.
    private func yields(_ claim: LoadBalancerClaim, to rival: LoadBalancerClaim, _ address: IPAddress) -> Bool {
        guard rival.held.contains(address) else { return false }
        return !claim.held.contains(address) || (rival.created, rival.key) < (claim.created, claim.key)
    }

    // MARK: a pool

    private func fromPool(_ pool: AddressPool, _ claim: LoadBalancerClaim, _ requested: IPAddress?) -> Decision {
        func owner(_ address: IPAddress) -> ObjectKey? { rivals.first { yields(claim, to: $0, address) }?.key }
        if let requested {
            guard pool.contains(requested) else { return .pending("spec.loadBalancerIP: \(requested) is not in the pool \(pool)") }
            if let owner = owner(requested) { return .pending("spec.loadBalancerIP: service \(owner) has \(requested)") }
            return .addresses([requested])
        }
        let taken = Set(rivals.flatMap(\.held))
        let chosen = claim.wantsIPv4.compactMap { isIPv4 in
            claim.held.first { $0.isIPv4 == isIPv4 && pool.contains($0) && owner($0) == nil }
                ?? pool.firstFree(isIPv4: isIPv4, except: taken)
        }
        if !chosen.isEmpty { return .addresses(chosen) }
        guard claim.wantsIPv4.contains(where: pool.hasFamily) else {
            return .pending("the pool \(pool) has no addresses of the service's families")
        }
        return .pending("all addresses of the pool \(pool) are taken")
    }

    private static func list(_ addresses: [IPAddress], _ one: String, _ many: String) -> String {
        "\(addresses.count == 1 ? one : many) \(addresses.isEmpty ? "none" : addresses.map(\.description).joined(separator: ", "))"
    }
}
