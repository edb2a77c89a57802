package import APIMachinery
internal import KubernetesAPI
package import KubernetesClient
internal import ServiceProxy

/// How packets reach a pod or a service: addresses, interfaces, chains, endpoints, policies; as a tree of lines.
package struct NetworkPath: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package var name: String
        package var values: [String]
    }
    package var title: String
    package var entries: [Entry] = []

    package mutating func add(_ name: String, _ values: [String]) { entries.append(Entry(name: name, values: values)) }

    /// A column of names, and each one's values below each other.
    package var text: String {
        let width = entries.map(\.name.count).max() ?? 0
        let lines = entries.flatMap { entry in
            (entry.values.isEmpty ? ["none"] : entry.values).enumerated().map { index, value in
                let name = index == 0 ? entry.name : ""
                return "  \(name)\(String(repeating: " ", count: width - name.count))  \(value)"
            }
        }
        return ([title] + lines).joined(separator: "\n")
    }

    package var json: JSONValue {
        var object = JSONObject()
        object.append("title", .string(title))
        for entry in entries { object.append(entry.name, .array(entry.values.map { .string($0) })) }
        return .object(object)
    }
}

extension PacketTracer {
    /// - Parameter links: For an address, the links that lead there, where they are known.
    package func path(ofPod key: ObjectKey, links: (String) -> String?) throws(TraceQuestionError) -> NetworkPath {
        guard let pod = objects.pods.first(where: { ObjectKey($0) == key }) else { throw TraceQuestionError("pod \(key): there is none") }
        var path = NetworkPath(title: "pod \(key) on node \(pod.spec.nodeName ?? "(none yet)")")
        guard pod.spec.hostNetwork != true else {
            path.add("addresses", [pod.status.hostIP].compactMap { $0.map { "\($0) (its node's network: policies do not apply)" } })
            return path
        }
        path.add("addresses", pod.addresses)
        let interfaces = pod.addresses.prefix(1).compactMap(links)
        if !interfaces.isEmpty { path.add("interfaces", interfaces) }
        let isolation = policies.isolation(of: pod.addresses.first ?? "")
        path.add("ingress", Self.shown(isolation.ingress, "everybody may call it: no policy isolates it"))
        path.add("egress", Self.shown(isolation.egress, "it may call everybody: no policy isolates it"))
        path.add("services", services(of: pod))
        return path
    }

    private static func shown(_ policies: [ObjectKey], _ open: String) -> [String] {
        policies.isEmpty ? [open] : policies.map { "network policy \($0)" }
    }

    private func services(of pod: Pod) -> [String] {
        let trace = objects.serviceTrace(on: objects.node(named: pod.spec.nodeName ?? ""))
        return objects.services.sorted { ObjectKey($0) < ObjectKey($1) }.flatMap { service -> [String] in
            trace.ways(into: ObjectKey(service)).compactMap { way in
                guard case .translated(let found) = way.decision,
                    let target = found.targets.first(where: { pod.addresses.contains($0.address) })
                else { return nil }
                let address = way.address.map(Self.shown) ?? "any address of the node"
                return "\(found.name): \(address):\(way.port)/\(way.transport) (\(found.entry)) → port \(target.port), "
                    + "one of \(found.targets.count), chain \(found.chain)"
            }
        }
    }

    /// As the node sees it that is named; nil: the first.
    package func path(ofService key: ObjectKey, node name: String? = nil) throws(TraceQuestionError) -> NetworkPath {
        guard let service = objects.services.first(where: { ObjectKey($0) == key }) else {
            throw TraceQuestionError("service \(key): there is none")
        }
        let node = name.flatMap { objects.node(named: $0) } ?? objects.nodes.first
        var path = NetworkPath(title: "service \(key), type \(service.spec.type ?? "ClusterIP"), on node \(node?.metadata.name ?? "")")
        for way in objects.serviceTrace(on: node).ways(into: key) {
            let address = way.address.map(Self.shown) ?? "any address of the node"
            path.add("\(address):\(way.port)/\(way.transport)", Self.lines(way.decision))
        }
        path.add("endpoints", endpoints(of: key))
        if !service.spec.loadBalancerSourceRanges.isEmpty { path.add("source ranges", service.spec.loadBalancerSourceRanges) }
        return path
    }

    private static func lines(_ decision: ServiceDecision) -> [String] {
        switch decision {
        case .passes: ["not known on this node"]
        case .refused(let reason): ["refused: \(reason)"]
        case .dropped(let reason): ["dropped: \(reason)"]
        case .translated(let way):
            [
                "\(way.entry), chain \(way.chain)\(way.isMasqueraded ? ", endpoints see the node's address" : "")"
                    + (way.affinitySeconds.map { ", a client stays with its endpoint for \($0) s" } ?? "")
            ] + way.targets.map { "→ \(shown($0.address)):\($0.port)" }
        }
    }

    private func endpoints(of key: ObjectKey) -> [String] {
        objects.slices.filter {
            $0.metadata.namespace == key.namespace && $0.metadata.labels["kubernetes.io/service-name"] == key.name
        }.flatMap { slice in
            slice.endpoints.map { endpoint in
                let target = endpoint.targetRef.map { " \($0.kind?.lowercased() ?? "") \($0.name ?? "")" } ?? ""
                let node = endpoint.nodeName.map { " on \($0)" } ?? ""
                let isReady = endpoint.conditions?.ready ?? true
                let state = isReady ? "ready" : endpoint.conditions?.terminating == true ? "terminating" : "not ready"
                return "\(endpoint.addresses.joined(separator: " "))\(target)\(node): \(state)"
            }
        }.sorted()
    }
}
