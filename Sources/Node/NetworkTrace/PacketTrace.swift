internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient
internal import NetworkPolicies
internal import ServiceProxy

/// The way of one packet that opens a connection, and what decides about it on each node: what a service leads it to, what the policies of its two
/// ends say. Made from the same rules as nodes' tables. Pure.
package struct PacketTrace: Hashable, Sendable {
    package enum Verdict: String, Hashable, Sendable {
        case allowed
        /// The sender is told.
        case refused
        /// The sender hears nothing.
        case dropped
        /// Some of the service's endpoints can be reached, others not.
        case partly
    }
    package struct Step: Hashable, Sendable {
        /// `service`, `egress`, `ingress`, `node`, `network`.
        package var stage: String
        package var verdict: Verdict
        package var text: String
        /// NAMESPACE/NAME of the policies or the service that decides.
        package var decidedBy: [String] = []
        /// The chain of the proxy's table, or the path of the policy's rule.
        package var rule: String?
    }
    /// `pod default/web 10.244.0.9`
    package var from: String
    package var to: String
    package var steps: [Step] = []
    package var verdict = Verdict.allowed
    /// What policies are left out of this, a line each.
    package var notes: [String] = []

    package var isAllowed: Bool { verdict == .allowed }
    /// Why not, or how.
    package var reason: String {
        steps.last { $0.verdict == verdict }?.text ?? "nothing is in the way"
    }
}

/// Answers questions about packets in one state of a cluster.
package struct PacketTracer: Sendable {
    let objects: ClusterObjects
    let policies: PolicyTrace
    /// Whether nodes drop what policies refuse, or tell the sender.
    private let refusesLoudly: Bool

    package init(_ objects: ClusterObjects, refusesLoudly: Bool = false) {
        self.objects = objects
        self.refusesLoudly = refusesLoudly
        policies = objects.policyTrace()
    }

    package func trace(_ from: TraceEnd, _ target: TraceTarget) throws(TraceQuestionError) -> PacketTrace {
        let source = try sender(from)
        let destination = try destination(target, from: source)
        var trace = PacketTrace(from: source.text, to: destination.text)
        trace.notes = policies.problems
        let packet = ServicePacket(
            from: source.kind, source.address, to: destination.address, port: destination.port, transport: target.transport)
        let node = source.node ?? objects.node(at: destination.address) ?? (objects.nodes.count == 1 ? objects.nodes[0] : nil)
        switch objects.serviceTrace(on: node).decide(packet) {
        case .passes:
            follow(source, [(destination.address, destination.port)], target.transport, &trace)
        case .translated(let way):
            trace.steps.append(Self.step(way))
            follow(source, way.targets.map { ($0.address, $0.port) }, target.transport, &trace)
        case .refused(let reason):
            trace.steps.append(.init(stage: "service", verdict: .refused, text: reason))
            trace.verdict = .refused
        case .dropped(let reason):
            trace.steps.append(.init(stage: "service", verdict: .dropped, text: reason))
            trace.verdict = .dropped
        }
        return trace
    }

    private static func step(_ way: ServiceWay) -> PacketTrace.Step {
        let targets = way.targets.map { "\(shown($0.address)):\($0.port)" }.joined(separator: ", ")
        let source = way.isMasqueraded ? "; it sees the node's address" : ""
        let affinity = way.affinitySeconds.map { "; a client stays with its endpoint for \($0) s" } ?? ""
        return .init(
            stage: "service", verdict: .allowed,
            text: "service \(way.name) by its \(way.entry) → \(way.targets.count == 1 ? "" : "one of ")\(targets)\(source)\(affinity)",
            decidedBy: [way.service.description], rule: way.chain)
    }
}

// MARK: - Policies

extension PacketTracer {
    private func follow(
        _ source: Sender, _ targets: [(address: String, port: UInt16)], _ transport: String, _ trace: inout PacketTrace
    ) {
        var verdicts: [Bool] = []
        for target in targets {
            let packet = PolicedPacket(
                source: source.address, destination: target.address, transport: transport, port: target.port)
            let steps = judged(source, packet, named: targets.count > 1)
            verdicts.append(steps.allSatisfy { $0.verdict == .allowed })
            for step in steps where !trace.steps.contains(step) { trace.steps.append(step) }
        }
        if verdicts.allSatisfy(\.self) { return }
        trace.verdict = verdicts.contains(true) ? .partly : refusesLoudly ? .refused : .dropped
    }

    private func judged(_ source: Sender, _ packet: PolicedPacket, named: Bool) -> [PacketTrace.Step] {
        let pod = objects.pod(at: packet.destination)
        let isServer = objects.dnsServers.contains(packet.destination) && packet.port == 53
        if source.kind == .node {
            return [.init(stage: "node", verdict: .allowed, text: "the node reaches its pods and others whatever policies say")]
        }
        if pod == nil, !isServer, objects.node(at: packet.destination) != nil {
            return [.init(stage: "node", verdict: .allowed, text: "pods reach the node whatever policies say")]
        }
        var steps: [PacketTrace.Step] = []
        let target = pod.map { "pod \(ObjectKey($0))" } ?? (isServer ? "the cluster's DNS server" : packet.destination)
        if let own = source.pod {
            steps.append(step("egress", policies.egress(packet), "pod \(own)", named || isServer ? " to \(target)" : ""))
        }
        if pod != nil, steps.allSatisfy({ $0.verdict == .allowed }) {
            steps.append(step("ingress", policies.ingress(packet), target, ""))
        }
        return steps
    }

    private func step(_ direction: String, _ judgement: PolicyJudgement, _ pod: String, _ more: String) -> PacketTrace.Step {
        switch judgement {
        case .open:
            return .init(stage: direction, verdict: .allowed, text: "\(pod): no policy isolates it for \(direction)")
        case .itself:
            return .init(stage: direction, verdict: .allowed, text: "\(pod) calls itself: that is always allowed")
        case .allowed(let policy, let rule):
            return .init(
                stage: direction, verdict: .allowed, text: "\(pod): network policy \(policy) allows it\(more), by \(rule)",
                decidedBy: [policy.description], rule: rule)
        case .refused(let all):
            let names = all.map(\.description).joined(separator: ", ")
            return .init(
                stage: direction, verdict: refusesLoudly ? .refused : .dropped,
                text:
                    "\(pod): isolated for \(direction) by network polic\(all.count == 1 ? "y" : "ies") \(names), and no rule allows it\(more)",
                decidedBy: all.map(\.description))
        }
    }
}

// MARK: - Ends

extension PacketTracer {
    private struct Sender {
        var kind: ServicePacket.Source
        var address: String
        var pod: ObjectKey?
        /// Where it is; nil: outside.
        var node: Node?
        var text: String
    }
    private struct Destination {
        var address: String
        var port: UInt16
        var text: String
    }

    private func sender(_ end: TraceEnd) throws(TraceQuestionError) -> Sender {
        switch end {
        case .pod(let key):
            let pod = try pod(key)
            let node = objects.node(named: pod.spec.nodeName ?? "")
            let address = try address(of: pod)
            guard pod.spec.hostNetwork != true else {
                return Sender(kind: .node, address: address, node: node, text: "pod \(key) with its node's network \(address)")
            }
            return Sender(kind: .pod, address: address, pod: key, node: node, text: "pod \(key) \(address)")
        case .node(let name):
            let node = try node(name)
            let address = objects.addresses(of: node).first ?? ""
            return Sender(kind: .node, address: address, node: node, text: "node \(node.metadata.name ?? "") \(address)")
        case .address(let address):
            if let pod = objects.pod(at: address) { return try sender(.pod(ObjectKey(pod))) }
            if let node = objects.node(at: address) {
                return Sender(kind: .node, address: address, node: node, text: "node \(node.metadata.name ?? "") \(address)")
            }
            return Sender(kind: .outside, address: address, text: "\(address), outside of the cluster")
        case .service(let key): throw TraceQuestionError("service \(key): services do not send; name a pod, node or an address")
        }
    }

    private func destination(_ target: TraceTarget, from source: Sender) throws(TraceQuestionError) -> Destination {
        switch target.end {
        case .pod(let key):
            let pod = try pod(key)
            let address = try address(of: pod)
            let port = try number(target.port) { name in
                pod.spec.containers.flatMap(\.ports).first { $0.name == name && matches($0.protocol, target) }.map(\.containerPort)
            }
            return Destination(address: address, port: port, text: "pod \(key) \(Self.shown(address)):\(port)/\(target.transport)")
        case .service(let key):
            return try service(key, target, from: source)
        case .node(let name):
            let node = try node(name)
            guard let address = objects.addresses(of: node).first else {
                throw TraceQuestionError("node \(node.metadata.name ?? ""): it has no address")
            }
            let port = try number(target.port) { _ in nil }
            return Destination(
                address: address, port: port, text: "node \(node.metadata.name ?? "") \(Self.shown(address)):\(port)/\(target.transport)")
        case .address(let address):
            let port = try number(target.port) { _ in nil }
            let pod = objects.pod(at: address).map { "pod \(ObjectKey($0)) " } ?? ""
            return Destination(address: address, port: port, text: "\(pod)\(Self.shown(address)):\(port)/\(target.transport)")
        }
    }

    private func service(_ key: ObjectKey, _ target: TraceTarget, from source: Sender) throws(TraceQuestionError) -> Destination {
        guard let service = objects.services.first(where: { ObjectKey($0) == key }) else {
            throw TraceQuestionError("service \(key): there is none")
        }
        if service.spec.type == "ExternalName" {
            throw TraceQuestionError("service \(key): it is a name for \(service.spec.externalName ?? ""), outside of the cluster")
        }
        let port = try number(target.port) { name in
            service.spec.ports.first { $0.name == name && matches($0.protocol, target) }.map(\.port)
        }
        let outside = service.status.loadBalancer.ingress.compactMap(\.ip) + service.spec.externalIPs
        let inside = service.spec.clusterIPs.first ?? service.spec.clusterIP ?? ""
        guard inside != "None", !inside.isEmpty else {
            throw TraceQuestionError("service \(key): it is headless: its name leads to pods; name one of them")
        }
        guard let address = source.kind == .outside ? outside.first : inside else {
            throw TraceQuestionError("service \(key): it has no address outside of the cluster; name a node and its node port")
        }
        return Destination(address: address, port: port, text: "service \(key) \(Self.shown(address)):\(port)/\(target.transport)")
    }

    private func matches(_ transport: String?, _ target: TraceTarget) -> Bool { (transport ?? "TCP").lowercased() == target.transport }

    private func pod(_ key: ObjectKey) throws(TraceQuestionError) -> Pod {
        guard let pod = objects.pods.first(where: { ObjectKey($0) == key }) else { throw TraceQuestionError("pod \(key): there is none") }
        return pod
    }

    private func address(of pod: Pod) throws(TraceQuestionError) -> String {
        guard let address = pod.addresses.first ?? (pod.spec.hostNetwork == true ? pod.status.hostIP : nil) else {
            throw TraceQuestionError("pod \(ObjectKey(pod)): it has no address; its phase is \(pod.status.phase ?? "Pending")")
        }
        return address
    }

    private func node(_ name: String?) throws(TraceQuestionError) -> Node {
        guard let name else {
            guard objects.nodes.count == 1 else {
                throw TraceQuestionError("node: there are \(objects.nodes.count); write node/NAME")
            }
            return objects.nodes[0]
        }
        guard let node = objects.node(named: name) else { throw TraceQuestionError("node \(name): there is none") }
        return node
    }

    private func number(_ text: String, named: (String) -> Int32?) throws(TraceQuestionError) -> UInt16 {
        guard let port = Int32(text) ?? named(text), let number = UInt16(exactly: port), number > 0 else {
            throw TraceQuestionError("\(text): is no port, and no name of one there")
        }
        return number
    }

    static func shown(_ address: String) -> String { address.contains(":") ? "[\(address)]" : address }
}
