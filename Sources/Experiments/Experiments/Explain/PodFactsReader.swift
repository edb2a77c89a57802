package import APIMachinery
internal import Kubelet
internal import KubernetesAPI
package import KubernetesClient

/// Collects what an API server knows of a pod. What it can't tell becomes a gap, not a failure.
package struct PodFactsReader: Sendable {
    let client: Client

    package init(_ client: Client) { self.client = client }

    /// - Throws: The API server can't be asked at all.
    package func read(namespace: String, name: String, now: Timestamp) async throws(ClientError) -> PodFacts {
        var facts = PodFacts(namespace: namespace, name: name, now: now)
        do {
            facts.pod = try await client.resource(Pod.self, namespace: namespace).get(name)
        } catch  where error.isNotFound {
            facts.pod = nil
        }
        await readEvents(&facts)
        guard let pod = facts.pod else { return facts }
        if let nodeName = pod.spec.nodeName, !nodeName.isEmpty {
            facts.node = await find(&facts.gaps) { () throws(ClientError) in try await client.resource(Node.self).get(nodeName) }
        }
        for claim in pod.spec.volumes.compactMap({ $0.persistentVolumeClaim?.claimName }) {
            facts.claims[claim] = await find(&facts.gaps) { () throws(ClientError) in
                try await client.resource(PersistentVolumeClaim.self, namespace: namespace).get(claim)
            }
        }
        return facts
    }

    private func find<Object: Sendable>(
        _ gaps: inout [String], _ get: () async throws(ClientError) -> Object
    ) async -> PodFacts.Found<Object> {
        do {
            return .found(try await get())
        } catch {
            if error.isNotFound { return .missing }
            gaps.append("\(error)")
            return .unknown
        }
    }

    /// The pod's; without a pod those of the name, and of the owners that its name points at.
    private func readEvents(_ facts: inout PodFacts) async {
        do throws(ClientError) {
            let all = try await client.resource(Event.self, namespace: facts.namespace).listAll().items
            let name = facts.name
            if let pod = facts.pod {
                facts.events = all.filter { event in
                    let object = event.involvedObject
                    return object.kind == "Pod" && object.name == name
                        && (object.uid == nil || object.uid == pod.metadata.uid || pod.isMirror)
                }
            } else {
                facts.events = all.filter { event in
                    let object = event.involvedObject
                    if object.kind == "Pod" { return object.name == name }
                    return event.reason == "FailedCreate" && (object.name.map { name == $0 || name.hasPrefix($0 + "-") } ?? false)
                }
            }
        } catch {
            facts.gaps.append("events: \(error)")
        }
    }
}

extension Pod {
    /// Its events name the static pod's own UID.
    fileprivate var isMirror: Bool { metadata.annotations["kubernetes.io/config.mirror"] != nil }
}

extension PodFacts {
    /// Adds what a daemon answered: `{"scheduling": […], "histories": [{"uid", "steps", "probes"}]}`.
    package mutating func add(daemonAnswer json: JSONValue) {
        scheduling = json["scheduling"]?.arrayValue ?? scheduling
        let histories = json["histories"]?.arrayValue ?? []
        let uid = pod?.metadata.uid
        let mirrored = pod?.metadata.annotations["kubernetes.io/config.mirror"]
        guard
            let own = histories.first(where: { $0["uid"]?.stringValue == uid || $0["uid"]?.stringValue == mirrored })
                ?? (pod == nil ? histories.first : nil)
        else { return }
        steps = (own["steps"]?.arrayValue ?? []).compactMap { PodStep($0) }
        probes = own["probes"]?.arrayValue ?? []
    }
}
