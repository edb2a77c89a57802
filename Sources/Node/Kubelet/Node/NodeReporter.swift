internal import APIMachinery
internal import CRI
internal import KubernetesAPI
internal import KubernetesClient

/// Registers this node with the API server and keeps its object true.
///
/// The status is looked at every 10 s and at every change of the node's health, and written when something has changed, or every 5 min.
struct NodeReporter: Sendable {
    let client: Client
    let configuration: KubeletConfiguration
    let images: any ImageService
    let health: NodeHealth
    let own: OwnNode
    let clock: any TimeSource
    let events: EventRecorder
    let nodeEvents: NodeEvents
    let report: @Sendable (String) -> Void

    private var nodes: ResourceClient<Node> { client.resource(Node.self) }

    /// Runs until the task is cancelled.
    func run() async {
        var retry = Retry(first: .milliseconds(100), longest: .seconds(7))
        var written: Duration?
        var storageOf: String?
        send("Starting", "Starting kubelet.")
        nodeEvents.listen { events.record(reference, type: $0.kind.rawValue, reason: $0.reason, message: $0.message) }
        while !Task.isCancelled {
            do throws(ClientError) {
                // A node whose object was deleted registers anew.
                if written == nil || own.object == nil, try await register() { written = clock.now }
                if let node = own.object, storageOf != node.metadata.uid {
                    await ensureStorageNode(node)
                    storageOf = node.metadata.uid
                }
                let isDue = written.map { clock.now - $0 >= configuration.nodeStatusReportFrequency } ?? true
                if try await writeStatus(isDue: isDue) || written == nil { written = clock.now }
                retry = Retry(first: .milliseconds(100), longest: .seconds(7))
                await health.changed.wait(until: clock.now + configuration.nodeStatusUpdateFrequency, clock)
            } catch {
                if error.isNotFound { written = nil }
                report("node \(configuration.nodeName): \(error)")
                try? await clock.sleep(for: retry.next(after: .zero))
            }
        }
    }

    /// - Returns: Whether the object is a new one, with its whole status.
    private func register() async throws(ClientError) -> Bool {
        let old = own.object?.status ?? NodeStatus()
        let new = NodeObject.new(configuration, await status(old: old))
        do throws(ClientError) {
            let made = try await nodes.create(new)
            send(conditionsFrom: [], to: made.status.conditions)
            own.see(made)
            return true
        } catch {
            guard error.isAlreadyExists else { throw error }
            try await takeOver()
            return false
        }
    }

    /// The object is there from an earlier life of this node, or somebody has made it for it.
    private func takeOver() async throws(ClientError) {
        var node = try await nodes.get(configuration.nodeName)
        let bootID = node.status.nodeInfo.bootID
        if let patch = NodeObject.patch(of: node, configuration) {
            node = try await nodes.patch(configuration.nodeName, .strategicMerge, patch)
        }
        own.see(node)
        if !bootID.isEmpty, bootID != configuration.node.identity.bootID {
            let text = "Node \(configuration.nodeName) has been rebooted, boot id: \(configuration.node.identity.bootID)"
            events.record(reference, type: "Warning", reason: "Rebooted", message: text)
        }
    }

    /// Nobody here needs it, so a server that refuses it is told of once and not asked again.
    private func ensureStorageNode(_ node: Node) async {
        do throws(ClientError) { try await StorageNode.ensure(node, client) } catch {
            report("CSINode of node \(configuration.nodeName): \(error)")
        }
    }

    /// - Returns: Whether something was written.
    private func writeStatus(isDue: Bool) async throws(ClientError) -> Bool {
        guard let node = own.object else { return false }
        let status = await status(old: node.status)
        guard let patch = NodeStatusPatch.of(status, for: node, isDue: isDue) else { return false }
        own.see(try await nodes.patch(configuration.nodeName, .strategicMerge, patch, subresource: "status"))
        send(conditionsFrom: node.status.conditions, to: status.conditions)
        return true
    }

    private func status(old: NodeStatus) async -> NodeStatus {
        // A store of images that does not answer is named where an image is needed.
        let images = (try? await images.listImages()) ?? []
        return NodeObject.status(configuration, health.current, images: images, old: old, now: clock.wallTime)
    }

    // MARK: Events

    /// As upstream has it: the name stands for the UID.
    private var reference: ObjectReference {
        ObjectReference {
            $0.kind = "Node"
            $0.name = configuration.nodeName
            $0.uid = configuration.nodeName
        }
    }

    private func send(_ reason: String, _ message: String) {
        events.record(reference, type: "Normal", reason: reason, message: message)
    }

    private func send(conditionsFrom old: [NodeCondition], to new: [NodeCondition]) {
        for reason in NodeConditions.eventReasons(from: old, to: new) {
            send(reason, "Node \(configuration.nodeName) status is now: \(reason)")
        }
    }
}
