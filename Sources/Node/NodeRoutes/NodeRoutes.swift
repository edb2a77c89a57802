package import APIMachinery
internal import KubernetesAPI
package import KubernetesClient
internal import LinuxSystem
internal import Netlink
import Synchronization

/// Leads this node's packets to pods of other nodes: watches Nodes, and keeps a route for each, or its end of a tunnel. What belongs to a
/// node that has left goes with it; routes of others are never touched.
package final class NodeRoutes: Sendable {
    /// A link that goes down takes its routes with it: they are looked at again.
    private static let period = Duration.seconds(10)
    /// A node that is just coming has no addresses yet: that is no news.
    private static let newsAge = Duration.seconds(5)

    private let configuration: NodeRoutesConfiguration
    private let nodes: Informer<Node>
    private let time: any TimeSource
    private let report: @Sendable (String) -> Void
    private let executor: BlockingExecutor
    private let changes: AsyncStream<Void>
    private let changed: AsyncStream<Void>.Continuation
    /// Problems by the time when they were first seen; nil once they are told.
    private let problems = Mutex<[String: Duration?]>([:])

    /// - Parameters:
    ///   - informers: Of a client that may list and watch nodes.
    ///   - report: Told of what goes wrong and is tried again, a line each.
    package init(
        _ configuration: NodeRoutesConfiguration, informers: SharedInformers, time: any TimeSource = MachineTime(),
        report: @escaping @Sendable (String) -> Void
    ) throws {
        self.configuration = configuration
        self.time = time
        self.report = report
        executor = try BlockingExecutor(threads: 1)
        nodes = informers.informer(Node.self)
        let (changes, changed) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        (self.changes, self.changed) = (changes, changed)
        nodes.addHandler { event in
            // Nodes tell of themselves all the time; few words concern the way to them.
            if case .updated(let old, let new) = event, PeerNode(old) == PeerNode(new) { return }
            changed.yield()
        }
    }

    /// Works until the task is cancelled. The routes stay, so that pods go on without the daemon.
    package func run() async {
        await nodes.waitForSync()
        changed.yield()
        await withDiscardingTaskGroup { group in
            group.addTask { [self] in
                while (try? await time.sleep(for: Self.period)) != nil { changed.yield() }
            }
            group.addTask { [self] in
                for await _ in changes { await reconcile() }
            }
        }
    }

    private func reconcile() async {
        let peers = nodes.objects().map(PeerNode.init)
        let configuration = configuration
        do {
            let problems = try await executor.run {
                var socket = try NetlinkSocket()
                let underlay = try Underlay(&socket, excluding: [configuration.bridge, configuration.tunnel])
                let plan = RoutePlan(configuration, peers, underlay)
                try KernelRoutes(configuration: configuration).apply(plan, &socket)
                return plan.problems
            }
            tell(problems)
        } catch {
            tell(["\(error)"])
        }
    }

    /// Tells each once, when it has lasted.
    private func tell(_ lines: [String]) {
        let now = time.now
        let news = problems.withLock { problems in
            let before = problems
            problems = [:]
            for line in lines { problems[line] = .some(before[line] ?? now) }
            let lasting = lines.filter { line in (problems[line] ?? nil).map { now - $0 >= Self.newsAge } ?? false }
            for line in lasting { problems[line] = .some(nil) }
            return lasting
        }
        for line in news { report("routes to other nodes: \(line)") }
    }
}
