package import APIMachinery
internal import KubernetesAPI
package import KubernetesClient
import Synchronization

/// Nodes that only say that they run pods: they register, renew their leases, and lead the pods that are given to them through the stages of a
/// table, as clients of the API server like any other.
package final class SimulatedNodes: Sendable {
    package struct Configuration: Sendable {
        /// How many are made when they are not there yet.
        package var count: Int
        package var template = NodeTemplate()
        package var stages = StageTable.usual
        package var seed: UInt64

        package init(count: Int, seed: UInt64 = .random(in: 0...UInt64.max)) {
            self.count = count
            self.seed = seed
        }
    }

    enum Message: Sendable {
        case pod(Pod)
        case podGone(Pod)
        case node(Node)
        case nodeGone(String)
        case podDone(ObjectKey, uid: String, revision: UInt64?)
        case failed(SimulationCore.Work)
        /// A write has ended.
        case ended
    }

    /// Writes that are on their way at once.
    private static let writesMax = 64
    private static let nodeIndex = "node"

    private let configuration: Configuration
    private let informers: SharedInformers
    private let nodes: Informer<Node>
    private let pods: Informer<Pod>
    private let time: any TimeSource
    private let writer: SimulationWriter
    private let events: EventRecorder
    private let mailbox = Mailbox<Message>()
    private let registered = OneTime()

    /// - Parameters:
    ///   - informers: Must run.
    ///   - report: Told of what goes wrong and is tried again, a line each.
    ///   - client: Acts as the node of a name, that is as `system:node:NAME` in the group `system:nodes`.
    package init(
        _ configuration: Configuration, informers: SharedInformers, time: any TimeSource = MachineTime(),
        report: @escaping @Sendable (String) -> Void, client: @escaping @Sendable (_ node: String) -> Client
    ) {
        self.configuration = configuration
        self.informers = informers
        self.time = time
        nodes = informers.informer(Node.self)
        pods = informers.informer(Pod.self)
        pods.addIndex(Self.nodeIndex) { [$0.spec.nodeName ?? ""] }
        events = EventRecorder(client("simulated"), component: "kubelet", time: time)
        writer = SimulationWriter(configuration: configuration, time: time, client: client, events: events, report: report)
        listen()
    }

    /// Works until the task is cancelled. Once only.
    package func run() async {
        await informers.waitForSync()
        var core = SimulationCore(template: configuration.template, table: configuration.stages, seed: configuration.seed)
        for pod in pods.objects() { core.reserve(pod) }
        await register(&core)
        registered.happen()
        await withDiscardingTaskGroup { group in
            group.addTask { await self.events.run() }
            var waiting = ActionLine()
            var inFlight = 0
            while !Task.isCancelled {
                for message in mailbox.takeAll() {
                    if case .ended = message { inFlight -= 1 }
                    waiting.append(receive(message, &core))
                }
                while let work = core.takeDue(at: time.now) { waiting.append(due(work, &core)) }
                while inFlight < Self.writesMax, let action = waiting.next() {
                    inFlight += 1
                    group.addTask { [writer, mailbox] in
                        await writer.perform(action) { mailbox.post($0) }
                        mailbox.post(.ended)
                    }
                }
                await mailbox.wait(until: core.nextDue, time)
            }
        }
    }

    /// Returns when all nodes are there, or the task is cancelled.
    package func waitUntilRegistered() async { await registered.wait() }

    // MARK: What is heard

    private func listen() {
        nodes.addHandler { [mailbox] event in
            switch event {
            case .added(let node), .updated(_, let node): mailbox.post(.node(node))
            case .deleted(let node): mailbox.post(.nodeGone(node.metadata.name ?? ""))
            }
        }
        pods.addHandler { [mailbox] event in
            switch event {
            case .added(let pod), .updated(_, let pod): if pod.spec.nodeName != nil { mailbox.post(.pod(pod)) }
            case .deleted(let pod): if pod.spec.nodeName != nil { mailbox.post(.podGone(pod)) }
            }
        }
    }

    private func receive(_ message: Message, _ core: inout SimulationCore) -> [SimulationCore.Action] {
        let now = time.now
        switch message {
        case .pod(let pod): return core.observe(pod, at: now).map { [$0] } ?? []
        case .podGone(let pod): core.forget(pod: pod)
        case .node(let node):
            let (action, wakes) = core.observe(node, at: now)
            let own = wakes ? pods.objects(index: Self.nodeIndex, value: node.metadata.name ?? "") : []
            return (action.map { [$0] } ?? []) + own.sorted { ObjectKey($0) < ObjectKey($1) }.compactMap { core.observe($0, at: now) }
        case .nodeGone(let name): core.forget(node: name)
        case .podDone(let key, let uid, let revision):
            core.finished(key, uid: uid, revision: revision, at: now)
            return pods[key].flatMap { core.observe($0, at: now) }.map { [$0] } ?? []
        case .failed(let work): core.retry(work, at: now)
        case .ended: break
        }
        return []
    }

    private func due(_ work: SimulationCore.Work, _ core: inout SimulationCore) -> [SimulationCore.Action] {
        let action =
            switch work {
            case .pod(let key): pods[key].flatMap { core.due($0, at: time.now) }
            case .lease(let name): core.dueRenewal(of: name, at: time.now)
            case .status(let name): nodes[ObjectKey(name: name)].flatMap { core.dueStatus(of: $0, at: time.now) }
            }
        return action.map { [$0] } ?? []
    }

    // MARK: Registration

    private func register(_ core: inout SimulationCore) async {
        let missing = (0..<configuration.count).filter { nodes[ObjectKey(name: NodeTemplate.name($0))] == nil }
        let addressed = missing.map { ($0, core.newNodeAddress()) }
        await withDiscardingTaskGroup { group in
            let gate = AsyncSemaphore(16)
            for (index, address) in addressed {
                group.addTask { [writer] in await gate.run { await writer.register(index, address: address) } }
            }
        }
    }
}

/// Actions in their order.
private struct ActionLine {
    private var actions: [SimulationCore.Action] = []
    private var head = 0

    mutating func append(_ more: [SimulationCore.Action]) { actions += more }

    mutating func next() -> SimulationCore.Action? {
        guard head < actions.count else {
            actions.removeAll(keepingCapacity: actions.count < 1024)
            head = 0
            return nil
        }
        defer { head += 1 }
        return actions[head]
    }
}

/// Something that happens once, for which one may wait.
private final class OneTime: Sendable {
    private let (stream, hand) = AsyncStream.makeStream(of: Never.self)

    func happen() { hand.finish() }
    func wait() async { for await _ in stream {} }
}
