internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Carries out what the simulated nodes do, each as the node that it is.
struct SimulationWriter: Sendable {
    let configuration: SimulatedNodes.Configuration
    let time: any TimeSource
    let client: @Sendable (_ node: String) -> Client
    let events: EventRecorder
    let report: @Sendable (String) -> Void

    /// - Parameter tell: Gets what came of it.
    func perform(_ action: SimulationCore.Action, _ tell: (SimulatedNodes.Message) -> Void) async {
        switch action {
        case .advance(let pod, let stage, let address, let hostAddress):
            let revision = await advance(pod, configuration.stages.stages[stage], address, hostAddress)
            tell(.podDone(ObjectKey(pod), uid: pod.metadata.uid ?? "", revision: revision))
        case .renew(let node, let uid):
            do throws(ClientError) { try await renew(node, uid) } catch {
                // A node that is gone has no lease.
                if !error.isNotFound, !error.isConflict { report("lease of node \(node): \(error)") }
                tell(.failed(.lease(node)))
            }
        case .report(let node, let address):
            let name = node.metadata.name ?? ""
            do throws(ClientError) { try await tellStatus(of: node, address) } catch {
                if error.isNotFound { return }
                report("status of node \(name): \(error)")
                tell(.failed(.status(name)))
            }
        }
    }

    // MARK: Nodes

    func register(_ index: Int, address: String) async {
        let node = configuration.template.node(index, address: address, now: time.wallTime)
        let name = NodeTemplate.name(index)
        var retry = Retry(first: .milliseconds(200), longest: .seconds(7))
        while !Task.isCancelled {
            do throws(ClientError) {
                _ = try await client(name).resource(Node.self).create(node)
                return
            } catch {
                if error.isAlreadyExists { return }
                report("register node \(name): \(error)")
                try? await time.sleep(for: retry.next(after: .zero))
            }
        }
    }

    private func renew(_ node: String, _ uid: String) async throws(ClientError) {
        let leases = client(node).resource(Lease.self, namespace: "kube-node-lease")
        let now = time.wallTime
        do throws(ClientError) {
            _ = try await leases.patch(node, .merge, ["spec": ["renewTime": .string(MicroTimestamp(now).description)]])
        } catch {
            guard error.isNotFound else { throw error }
            _ = try await leases.create(configuration.template.lease(of: node, uid: uid, now: now))
        }
    }

    private func tellStatus(of node: Node, _ address: String) async throws(ClientError) {
        let name = node.metadata.name ?? ""
        let status = configuration.template.status(of: node, address: address, now: time.wallTime)
        let patch = StrategicMergeDiff().patch(from: node.status.jsonObject, to: status.jsonObject, type: "core/v1.NodeStatus")
        guard !patch.members.isEmpty else { return }
        _ = try await client(name).resource(Node.self).patch(
            name, .strategicMerge, ["metadata": ["uid": .string(node.metadata.uid ?? "")], "status": .object(patch)], subresource: "status")
    }

    // MARK: Pods

    /// - Returns: The revision of what was written; nil: it is to be tried again.
    private func advance(_ pod: Pod, _ stage: Stage, _ address: String, _ hostAddress: String) async -> UInt64? {
        if let event = stage.effect.event {
            events.record(pod.reference, type: event.type, reason: event.reason, message: event.message)
        }
        let pods = client(pod.spec.nodeName ?? "").resource(Pod.self, namespace: pod.metadata.namespace)
        let name = pod.metadata.name ?? ""
        do {
            if stage.effect.deletes {
                try await pods.delete(name, gracePeriodSeconds: 0, uid: pod.metadata.uid)
                return pod.revision
            }
            let status = try SimulatedStatus(
                pod: pod, effect: stage.effect, address: address, hostAddress: hostAddress, now: time.wallTime
            ).patch()
            let answer = try await pods.patch(
                name, .strategicMerge, ["metadata": ["uid": .string(pod.metadata.uid ?? "")], "status": status], subresource: "status")
            return answer.revision
        } catch {
            // Gone, or another pod of the name: nothing is left to do for this one.
            if let error = error as? ClientError, error.isNotFound || error.isConflict { return pod.revision }
            report("stage \(stage.name) of pod \(ObjectKey(pod)): \(error)")
            return nil
        }
    }
}

extension Pod {
    fileprivate var reference: ObjectReference {
        ObjectReference {
            $0.apiVersion = "v1"
            $0.kind = "Pod"
            $0.namespace = metadata.namespace
            $0.name = metadata.name
            $0.uid = metadata.uid
            $0.resourceVersion = metadata.resourceVersion
        }
    }
}
