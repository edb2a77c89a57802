internal import KubernetesClient
internal import Netlink
internal import Nftables

/// Pods, namespaces and policies as they are, and what follows from them for the table. Pure.
///
/// A pod brings what it is into the sets of the groups that it belongs to; a policy brings its chains; a list of policies, which all pods share
/// that the same policies select, brings the chain that asks one after the other. So a pod comes and goes without a change to any rule.
struct PolicyState: Sendable {
    /// Who brings a part of the table.
    enum Owner: Hashable, Comparable, Sendable {
        case group(Int)
        case port(Int)
        case policy(ObjectKey)
        case list(Int)
        case pod(ObjectKey)
    }
    /// Policies that isolate a pod in one direction, by number.
    struct PolicyList: Hashable, Sendable {
        var direction: Direction
        var policies: [Int]
    }
    struct Changes: Sendable {
        /// nil: gone.
        var pods: [ObjectKey: PolicyPod?] = [:]
        var namespaces: [String: [String: String]?] = [:]
        var policies: [ObjectKey: PolicyRules?] = [:]
    }

    let families: [IPAddress.Family]
    let refusal: NetworkPoliciesConfiguration.Refusal
    /// What everybody brings now.
    private(set) var fragments: [Owner: RuleFragment] = [:]

    private var pods: [ObjectKey: PolicyPod] = [:]
    private var podsByNamespace: [String: Set<ObjectKey>] = [:]
    /// Pods that claim an address.
    private var claims: [IPAddress: Set<ObjectKey>] = [:]
    private var namespaces: [String: [String: String]] = [:]
    private var policies: [ObjectKey: (number: Int, rules: PolicyRules)] = [:]
    private var policiesByNamespace: [String: Set<ObjectKey>] = [:]
    private var lastPolicy = 0
    private(set) var groups = NumberedUses<PodGroup>()
    private(set) var ports = NumberedUses<PortName>()
    private var lists = NumberedUses<PolicyList>()
    private var listsOfPods: [ObjectKey: [PolicyList]] = [:]

    init(families: [IPAddress.Family], refusal: NetworkPoliciesConfiguration.Refusal) {
        (self.families, self.refusal) = (families, refusal)
    }

    /// - Returns: What some bring from now on; nil: nothing.
    mutating func change(_ changes: Changes) -> [Owner: RuleFragment?] {
        var work = Work()
        for (key, rules) in changes.policies.sorted(by: { $0.key < $1.key }) { change(key, to: rules, &work) }
        for (name, labels) in changes.namespaces where namespaces[name] != labels {
            namespaces[name] = labels
            work.pods.formUnion(podsByNamespace[name] ?? [])
        }
        for (key, pod) in changes.pods where pods[key] != pod { change(key, to: pod, &work) }
        addMembersOfChanged(&work)
        for key in work.pods.sorted() { bring(key, &work) }
        for (owner, fragment) in work.brought { fragments[owner] = fragment }
        return work.brought
    }

    /// What one change has touched.
    private struct Work {
        var pods: Set<ObjectKey> = []
        /// Groups and named ports that came or went.
        var groups: Set<PodGroup> = []
        var ports: Set<PortName> = []
        var brought: [Owner: RuleFragment?] = [:]
    }
}

extension PolicyState {
    /// The policies that a list's chain asks, in its order.
    func policies(ofList number: Int) -> [(key: ObjectKey, rules: PolicyRules)] {
        guard let list = lists.numbers.first(where: { $0.value == number })?.key else { return [] }
        let byNumber = Dictionary(policies.map { ($0.value.number, (key: $0.key, rules: $0.value.rules)) }) { first, _ in first }
        return list.policies.compactMap { byNumber[$0] }
    }
}

// MARK: - What is

extension PolicyState {
    private mutating func change(_ key: ObjectKey, to pod: PolicyPod?, _ work: inout Work) {
        for address in pods[key]?.addresses ?? [] {
            work.pods.formUnion(claims[address] ?? [])
            claims[address]?.remove(key)
            if claims[address]?.isEmpty == true { claims[address] = nil }
        }
        for address in pod?.addresses ?? [] {
            claims[address, default: []].insert(key)
            work.pods.formUnion(claims[address] ?? [])
        }
        pods[key] = pod
        if pod == nil {
            podsByNamespace[key.namespace]?.remove(key)
            if podsByNamespace[key.namespace]?.isEmpty == true { podsByNamespace[key.namespace] = nil }
        } else {
            podsByNamespace[key.namespace, default: []].insert(key)
        }
        work.pods.insert(key)
    }

    private mutating func change(_ key: ObjectKey, to rules: PolicyRules?, _ work: inout Work) {
        let old = policies[key]
        guard old?.rules != rules else { return }
        if let rules {
            for group in rules.groups where groups.retain(group) { work.groups.insert(group) }
            for port in rules.portNames where ports.retain(port) { work.ports.insert(port) }
        }
        for group in old?.rules.groups ?? [] { if let number = groups.release(group) { gone(.group(number), &work, group) } }
        for port in old?.rules.portNames ?? [] { if let number = ports.release(port) { gone(.port(number), &work, port) } }
        for subject in [old?.rules.subject, rules?.subject].compactMap(\.self) { work.pods.formUnion(members(of: subject)) }
        guard let rules else {
            policies[key] = nil
            policiesByNamespace[key.namespace]?.remove(key)
            work.brought[.policy(key)] = .some(nil)
            return
        }
        if old == nil { lastPolicy += 1 }
        let number = old?.number ?? lastPolicy
        policies[key] = (number, rules)
        policiesByNamespace[key.namespace, default: []].insert(key)
        work.brought[.policy(key)] =
            PolicyChains(rules: rules, id: number, families: families, groups: groups.numbers, ports: ports.numbers).fragment
    }

    private func gone(_ owner: Owner, _ work: inout Work, _ group: PodGroup) {
        work.brought[owner] = .some(nil)
        work.groups.insert(group)
    }

    private func gone(_ owner: Owner, _ work: inout Work, _ port: PortName) {
        work.brought[owner] = .some(nil)
        work.ports.insert(port)
    }

    private func members(of group: PodGroup) -> [ObjectKey] {
        if case .one(let name) = group.namespaces {
            return (podsByNamespace[name] ?? []).filter { key in pods[key].map { isMember($0, of: group) } ?? false }
        }
        return pods.values.filter { isMember($0, of: group) }.map(\.key)
    }

    private func isMember(_ pod: PolicyPod, of group: PodGroup) -> Bool {
        group.contains(pod, namespaceLabels: labels(ofNamespace: pod.key.namespace))
    }

    /// The API server gives each namespace its name as a label; one whose object is not here yet has it too.
    private func labels(ofNamespace name: String) -> [String: String] {
        namespaces[name, default: [:]].merging(["kubernetes.io/metadata.name": name]) { own, _ in own }
    }
}

// MARK: - What follows

extension PolicyState {
    /// Sets of groups and named ports that came; and whom it concerns that some came or went.
    private func addMembersOfChanged(_ work: inout Work) {
        for group in work.groups {
            work.pods.formUnion(members(of: group))
            guard let number = groups[group] else { continue }
            work.brought[.group(number)] = RuleFragment(
                sets: Dictionary(uniqueKeysWithValues: families.map { (PolicyChains.groupSet(number, $0), "type \($0.type);") }))
        }
        for port in work.ports {
            for pod in pods.values where pod.ports.contains(where: { $0.name == port }) { work.pods.insert(pod.key) }
            guard let number = ports[port] else { continue }
            work.brought[.port(number)] = RuleFragment(
                sets: Dictionary(
                    uniqueKeysWithValues: families.map {
                        (PolicyChains.portSet(number, $0), "type \($0.type) . inet_proto . inet_service;")
                    }))
        }
    }

    private mutating func bring(_ key: ObjectKey, _ work: inout Work) {
        let pod = pods[key]
        let wanted = pod.map(lists(of:)) ?? []
        let old = listsOfPods[key] ?? []
        for list in wanted where lists.retain(list) { work.brought[.list(lists[list] ?? 0)] = fragment(of: list) }
        for list in old { if let number = lists.release(list) { work.brought[.list(number)] = .some(nil) } }
        listsOfPods[key] = wanted.isEmpty ? nil : wanted
        let fragment = pod.map { self.fragment(of: $0, wanted) } ?? RuleFragment()
        guard fragments[.pod(key)] ?? RuleFragment() != fragment else { return }
        work.brought[.pod(key)] = .some(fragment.isEmpty ? nil : fragment)
    }

    /// Another node isolates its own.
    private func lists(of pod: PolicyPod) -> [PolicyList] {
        guard pod.isLocal else { return [] }
        let selecting = (policiesByNamespace[pod.key.namespace] ?? []).compactMap { policies[$0] }.filter {
            isMember(pod, of: $0.rules.subject)
        }
        return Direction.allCases.compactMap { direction in
            let numbers = selecting.filter { $0.rules.rules[direction] != nil }.map(\.number).sorted()
            return numbers.isEmpty ? nil : PolicyList(direction: direction, policies: numbers)
        }
    }

    private func fragment(of list: PolicyList) -> RuleFragment {
        let ask = list.policies.map { "jump \(PolicyChains.name($0, list.direction))" }
        let refuse =
            switch refusal {
            case .drop: ["counter drop"]
            // The kernel limits how many ICMP messages it sends to one address, but not resets.
            case .reject: ["meta l4proto tcp counter reject with tcp reset", "counter reject with icmpx admin-prohibited"]
            }
        return RuleFragment(chains: [chain(list): ask + refuse])
    }

    private func chain(_ list: PolicyList) -> String { "\(list.direction.rawValue)-\(lists[list] ?? 0)" }

    private func fragment(of pod: PolicyPod, _ lists: [PolicyList]) -> RuleFragment {
        var result = RuleFragment()
        func add(_ collection: String, _ key: String, _ data: String = "") {
            result.elements[.init(collection: collection, key: key)] = data
        }
        let memberships = groups.all.filter { isMember(pod, of: $0) }.compactMap { groups[$0] }
        for address in pod.addresses where families.contains(address.family) && isOwner(pod, of: address) {
            let family = address.family
            for number in memberships { add(PolicyChains.groupSet(number, family), "\(address)") }
            for port in pod.ports {
                guard let number = ports[port.name] else { continue }
                add(PolicyChains.portSet(number, family), "\(address) . \(port.name.transport.rawValue) . \(port.number)")
            }
            for list in lists { add(PolicyBase.map(list.direction, family), "\(address)", "goto \(chain(list))") }
            if !lists.isEmpty { add(PolicyBase.itself(family), "\(address) . \(address)") }
        }
        return result
    }

    private func isOwner(_ pod: PolicyPod, of address: IPAddress) -> Bool {
        let rivals = (claims[address] ?? []).compactMap { pods[$0] }
        return rivals.max { ($0.claim, $0.key) < ($1.claim, $1.key) }?.key == pod.key
    }
}
