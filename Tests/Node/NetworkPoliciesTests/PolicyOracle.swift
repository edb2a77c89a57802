import APIMachinery
import KubernetesAPI
import KubernetesClient
import Netlink

/// The words of the API reference, read off the objects one packet at a time; knows nothing of sets and chains.
struct PolicyOracle {
    var policies: [NetworkPolicy]
    var namespaces: [String: [String: String]]

    func allows(_ from: Pod, _ to: Pod, _ transport: String, _ port: Int32) -> Bool {
        if ObjectKey(from) == ObjectKey(to) { return true }
        return allows(from, "Egress", peer: to, to, transport, port) && allows(to, "Ingress", peer: from, to, transport, port)
    }

    private func allows(_ pod: Pod, _ type: String, peer: Pod, _ target: Pod, _ transport: String, _ port: Int32) -> Bool {
        let isolating = policies.filter { policy in
            policy.metadata.namespace == pod.metadata.namespace && matches(policy.spec.podSelector, pod.metadata.labels)
                && types(policy).contains(type)
        }
        guard !isolating.isEmpty else { return true }
        return isolating.contains { policy in
            let rules = type == "Ingress" ? policy.spec.ingress.map { ($0.from, $0.ports) } : policy.spec.egress.map { ($0.to, $0.ports) }
            return rules.contains { peers, ports in
                (peers.isEmpty || peers.contains { matches($0, peer, policy) })
                    && (ports.isEmpty || ports.contains { matches($0, target, transport, port) })
            }
        }
    }

    private func types(_ policy: NetworkPolicy) -> [String] {
        if !policy.spec.policyTypes.isEmpty { return policy.spec.policyTypes }
        return policy.spec.egress.isEmpty ? ["Ingress"] : ["Ingress", "Egress"]
    }

    private func matches(_ peer: NetworkPolicyPeer, _ pod: Pod, _ policy: NetworkPolicy) -> Bool {
        if let block = peer.ipBlock {
            guard let address = Netlink.IPAddress(pod.status.podIP ?? ""), let network = IPPrefix(block.cidr), network.contains(address)
            else { return false }
            return !block.except.compactMap { IPPrefix($0) }.contains { $0.contains(address) }
        }
        let namespace = pod.metadata.namespace ?? ""
        let isNamespace =
            peer.namespaceSelector.map { matches($0, namespaces[namespace] ?? [:]) } ?? (namespace == policy.metadata.namespace)
        return isNamespace && (peer.podSelector.map { matches($0, pod.metadata.labels) } ?? true)
    }

    private func matches(_ wanted: NetworkPolicyPort, _ target: Pod, _ transport: String, _ port: Int32) -> Bool {
        guard (wanted.protocol ?? "TCP") == transport else { return false }
        switch wanted.port {
        case nil: return true
        case .int(let first): return (first...(wanted.endPort ?? first)).contains(port)
        case .string(let name):
            return target.spec.containers.flatMap(\.ports).contains {
                $0.name == name && ($0.protocol ?? "TCP") == transport && $0.containerPort == port
            }
        }
    }

    private func matches(_ selector: LabelSelector, _ labels: [String: String]) -> Bool {
        selector.matchLabels.allSatisfy { labels[$0] == $1 }
            && selector.matchExpressions.allSatisfy { wanted in
                let value = labels[wanted.key]
                return switch wanted.operator {
                case "In": value.map(wanted.values.contains) ?? false
                case "NotIn": !(value.map(wanted.values.contains) ?? false)
                case "Exists": value != nil
                default: value == nil
                }
            }
    }
}
