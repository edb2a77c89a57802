package import APIMachinery
internal import KubernetesAPI
package import KubernetesClient

/// Gives pods to nodes: watches pods and nodes, decides pod after pod, and writes assignments, many at once, while it decides on.
package final class Scheduler: Sendable {
    private let configuration: SchedulerConfiguration
    private let informers: SharedInformers
    private let time: any TimeSource
    private let writer: SchedulerWriter
    private let mailbox = Mailbox<SchedulerMessage>()

    /// - Parameters:
    ///   - client: Acts as the user `system:kube-scheduler`.
    ///   - informers: Must run; what the scheduler reads is asked for here.
    ///   - events: Of the component `default-scheduler`; must run.
    ///   - report: Told of what goes wrong and is tried again, a line each.
    package init(
        client: Client, informers: SharedInformers, events: EventRecorder, configuration: SchedulerConfiguration = .init(),
        time: any TimeSource = MachineTime(), report: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.informers = informers
        self.time = time
        let profiles = Dictionary(configuration.profiles.map { ($0.schedulerName, $0) }, uniquingKeysWith: { first, _ in first })
        writer = SchedulerWriter(
            context: BindingContext(client: client, informers: informers, time: time), events: events, profiles: profiles, report: report)
        listen()
    }

    /// Schedules until the task is cancelled. Once only.
    package func run() async {
        await informers.waitForSync()
        await withDiscardingTaskGroup { group in
            var core = SchedulerCore(configuration)
            var inFlight = 0
            while !Task.isCancelled {
                for message in mailbox.takeAll() {
                    switch message {
                    case .bound, .bindingFailed: inFlight -= 1
                    default: break
                    }
                    perform(core.receive(message, at: time.now), in: &group, &inFlight)
                }
                if await decideSome(&core, in: &group, &inFlight) { continue }
                await mailbox.wait(until: core.queue.nextDue(after: time.now), time)
            }
            group.cancelAll()
        }
        mailbox.close { if case .explain(let answer) = $0 { answer(SchedulingRecords(capacity: 0)) } }
    }

    /// Decides until nothing is left, or it is time to listen again.
    ///
    /// - Returns: Whether there may be more to decide.
    private func decideSome(_ core: inout SchedulerCore, in group: inout DiscardingTaskGroup, _ inFlight: inout Int) async -> Bool {
        for _ in 0..<64 {
            guard inFlight < configuration.bindingsInFlight, let actions = core.step(time) else { return false }
            perform(actions, in: &group, &inFlight)
        }
        await Task.yield()
        return true
    }

    private func perform(_ actions: [SchedulerCore.Action], in group: inout DiscardingTaskGroup, _ inFlight: inout Int) {
        guard let first = actions.first else { return }
        if case .bind(let assignment) = first {
            inFlight += 1
            group.addTask { [self] in
                let isBound = await writer.bind(assignment)
                mailbox.post(isBound ? .bound(uid: assignment.pod.info.uid) : .bindingFailed(uid: assignment.pod.info.uid))
            }
        } else {
            group.addTask { [writer, mailbox] in
                await writer.write(actions)
                for case .preempt(let pod, _) in actions { mailbox.post(.preempted(uid: pod.uid)) }
            }
        }
    }

    /// The last attempts to find a node for a pod, the last first, each with what decided it.
    package func explain(_ pod: ObjectKey) async -> [SchedulingRecord] {
        await withCheckedContinuation { continuation in
            mailbox.post(.explain { continuation.resume(returning: $0.attempts(of: pod)) })
        }
    }

    private func listen() {
        informers.informer(Pod.self).addHandler { [mailbox] event in
            switch event {
            case .added(let pod), .updated(_, let pod): mailbox.post(.pod(PodInfo(pod)))
            case .deleted(let pod): mailbox.post(.podGone(uid: pod.metadata.uid ?? ""))
            }
        }
        informers.informer(Node.self).addHandler { [mailbox] event in
            switch event {
            case .added(let node), .updated(_, let node): mailbox.post(.node(NodeInfo(node)))
            case .deleted(let node): mailbox.post(.nodeGone(node.metadata.name ?? ""))
            }
        }
        SchedulerListener(mailbox: mailbox).listen(informers)
        informers.informer(Namespace.self).addHandler { [mailbox] event in
            switch event {
            case .added(let new), .updated(_, let new):
                mailbox.post(.namespace(new.metadata.name ?? "", labels: new.metadata.labels))
            case .deleted(let old): mailbox.post(.namespace(old.metadata.name ?? "", labels: nil))
            }
        }
    }
}

extension SchedulerCore {
    mutating func receive(_ message: SchedulerMessage, at now: Duration) -> [Action] {
        switch message {
        case .pod(let pod): return set(pod, at: now)
        case .podGone(let uid): remove(uid, at: now)
        case .node(let node): set(node, at: now)
        case .nodeGone(let name): removeNode(name)
        case .namespace(let name, let labels): setNamespace(name, labels: labels, at: now)
        case .explain(let answer): answer(records)
        case .change(let apply): change(apply, at: now)
        case .bound: break
        case .bindingFailed(let uid): bindingFailed(uid, at: now)
        case .preempted(let uid): preempted(for: uid, at: now)
        }
        return []
    }
}
