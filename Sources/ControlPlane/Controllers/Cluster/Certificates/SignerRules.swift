internal import APIMachinery
internal import KubernetesAPI

/// What each of Kubernetes' own signers takes: pure decisions (certificates.k8s.io, "Kubernetes signers").
enum SignerRules {
    static let apiServerClient = "kubernetes.io/kube-apiserver-client"
    static let kubeletClient = "kubernetes.io/kube-apiserver-client-kubelet"
    static let kubeletServing = "kubernetes.io/kubelet-serving"
    static let legacy = "kubernetes.io/legacy-unknown"
    static let signed: Set<String> = [apiServerClient, kubeletClient, kubeletServing, legacy]

    /// - Returns: Why the signer refuses; nil when it does not.
    static func problem(_ signer: String, _ request: RequestedCertificate, usages: [String]) -> String? {
        problem(
            signer, commonName: request.commonName, organizations: request.organizations, dnsNames: request.dnsNames.count,
            addresses: request.addressCount, otherNames: request.otherNameCount, usages: Set(usages))
    }

    static func problem(
        _ signer: String, commonName: String, organizations: [String], dnsNames: Int, addresses: Int, otherNames: Int, usages: Set<String>
    ) -> String? {
        switch signer {
        case kubeletClient:
            if let why = nodeProblem(commonName, organizations) { return why }
            if dnsNames + addresses + otherNames > 0 { return "subjectAltNames are not allowed" }
            return usageProblem(usages, needed: "client auth")
        case kubeletServing:
            if let why = nodeProblem(commonName, organizations) { return why }
            if dnsNames + addresses == 0 { return "DNS or IP subjectAltName is required" }
            if otherNames > 0 { return "email and URI subjectAltNames are not allowed" }
            return usageProblem(usages, needed: "server auth")
        case apiServerClient:
            return usageProblem(usages, needed: "client auth")
        default: return nil
        }
    }

    private static let nodePrefix = "system:node:"

    static func nodeName(of request: RequestedCertificate) -> String { String(request.commonName.dropFirst(nodePrefix.count)) }

    /// Whether a node's agent asks for a certificate of its own API: in its own name, for nothing that the node is not known by.
    static func isForItself(
        _ request: RequestedCertificate, username: String, groups: [String], _ node: Node, others: [Node], _ approval: ServingApproval
    ) -> Bool {
        isForItself(
            request.commonName, names: request.dnsNames, addresses: request.addresses, username: username, groups: groups, node,
            others: others, approval)
    }

    static func isForItself(
        _ commonName: String, names: [String], addresses: [[UInt8]], username: String, groups: [String], _ node: Node,
        others: [Node], _ approval: ServingApproval
    ) -> Bool {
        let name = node.metadata.name ?? ""
        guard username == nodePrefix + name, commonName == username, groups.contains("system:nodes") else { return false }
        let (own, foreign) = (identities(of: [node]), identities(of: others))
        return names.allSatisfy { own.names.contains($0) && !foreign.names.contains($0) && approval.mayHave(name: $0) }
            && addresses.allSatisfy { own.addresses.contains($0) && !foreign.addresses.contains($0) && approval.mayHave(address: $0) }
    }

    /// What nodes are known by.
    private static func identities(of nodes: [Node]) -> (names: Set<String>, addresses: Set<[UInt8]>) {
        let told = nodes.flatMap(\.status.addresses)
        let names = told.filter { ["Hostname", "InternalDNS", "ExternalDNS"].contains($0.type) }.map(\.address)
        let addresses = told.filter { ["InternalIP", "ExternalIP"].contains($0.type) }.compactMap { IPAddress($0.address)?.bytes }
        return (Set(nodes.compactMap(\.metadata.name) + names), Set(addresses))
    }

    private static func nodeProblem(_ commonName: String, _ organizations: [String]) -> String? {
        if organizations != ["system:nodes"] { return "subject organization is not system:nodes" }
        return commonName.hasPrefix("system:node:") ? nil : "subject common name does not begin with system:node:"
    }

    private static func usageProblem(_ usages: Set<String>, needed: String) -> String? {
        let allowed: Set<String> = ["digital signature", "key encipherment", needed]
        guard usages.contains(needed), usages.isSubset(of: allowed) else {
            return "usages did not match [digital signature key encipherment \(needed)]"
        }
        return nil
    }
}
