package import APIMachinery
internal import KubernetesAPI
package import KubernetesClient
internal import LinuxSystem
import Synchronization

/// Keeps this node's pods to the NetworkPolicies that select them: watches policies, pods and namespaces, and keeps one nftables table as they
/// say. A change costs what has changed.
///
/// **Before the first packet.** A pod's address is known only once its sandbox has a network, and the API server hears of it later still. So
/// the runtime tells of each new address and waits: ``admit(_:)`` returns when the rules that follow from the pod's labels are in the kernel,
/// and only then can a container be started. Nothing has to be closed to everybody for that, and a pod without policies loses no time.
/// An address that another pod had before is the new pod's from then on, in every set.
package final class NetworkPolicies: Sendable {
    private let configuration: NetworkPoliciesConfiguration
    private let pods: Informer<Pod>
    private let namespaces: Informer<Namespace>
    private let policies: Informer<NetworkPolicy>
    private let time: any TimeSource
    private let report: @Sendable (String) -> Void
    /// Where libnftables runs, one transaction after the other.
    private let executor: BlockingExecutor
    private let engine: Mutex<PolicyEngine>
    private let attached = Mutex<[ObjectKey: AttachedPod]>([:])
    private let dirty = Mutex(Dirty())
    private let changes: AsyncStream<Void>
    private let changed: AsyncStream<Void>.Continuation
    private let inForce = Latch()

    /// What has to be looked at.
    private struct Dirty {
        var pods: Set<ObjectKey> = []
        var namespaces: Set<String> = []
        var policies: Set<ObjectKey> = []
    }

    /// - Parameters:
    ///   - informers: Of pods, namespaces and networkpolicies of the whole cluster.
    ///   - report: Told of what goes wrong and is tried again, and of policies that cannot be read, a line each.
    package init(
        _ configuration: NetworkPoliciesConfiguration, informers: SharedInformers, time: any TimeSource = MachineTime(),
        report: @escaping @Sendable (String) -> Void
    ) throws {
        executor = try BlockingExecutor(threads: 1)
        self.configuration = configuration
        self.time = time
        self.report = report
        engine = Mutex(PolicyEngine(configuration))
        (changes, changed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        pods = informers.informer(Pod.self)
        namespaces = informers.informer(Namespace.self)
        policies = informers.informer(NetworkPolicy.self)
    }

    /// Takes the rules of an earlier run out of the kernel, for a node that is not to have any.
    package static func remove(table: String) throws { try PolicyEngine.remove(table: table) }

    /// Works until the task is cancelled. The rules stay, so that pods go on without the daemon; those of an earlier run are in force until
    /// everything is known.
    package func run() async {
        observe()
        for wait in [pods.waitForSync, namespaces.waitForSync, policies.waitForSync] { await wait() }
        guard !Task.isCancelled else { return }
        changed.yield()
        await withTaskExecutorPreference(executor) { await self.follow() }
    }

    /// Waits until packets from and to the pod are judged by what its labels say.
    ///
    /// - Throws: When that cannot be had: then the pod must not run.
    package func admit(_ pod: AttachedPod) async throws(NetworkPoliciesError) {
        attached.withLock { $0[pod.key] = pod }
        guard await inForce.wait(upTo: .seconds(20), time) else {
            throw NetworkPoliciesError(description: "network policies: not known yet")
        }
        do {
            try await executor.run(throwing: NetworkPoliciesError.self) { [self] () throws(NetworkPoliciesError) in
                try apply(Dirty(pods: [pod.key]))
            }
        } catch {
            changed.yield()
            throw error
        }
    }

    /// The pod's sandbox has no network any more.
    package func dismiss(_ key: ObjectKey, uid: String) {
        let isIt = attached.withLock { attached in
            guard attached[key]?.uid == uid else { return false }
            attached[key] = nil
            return true
        }
        if isIt { mark { $0.pods.insert(key) } }
    }

    /// Pods of an earlier run, which go on. Call it before ``run()``.
    package func adopt(_ pods: [AttachedPod]) {
        attached.withLock { attached in for pod in pods { attached[pod.key] = pod } }
        mark { $0.pods.formUnion(pods.map(\.key)) }
    }

    private func observe() {
        pods.addHandler { [self] event in mark { $0.pods.insert(event.key) } }
        namespaces.addHandler { [self] event in mark { $0.namespaces.insert(event.key.name) } }
        policies.addHandler { [self] event in mark { $0.policies.insert(event.key) } }
    }

    private func mark(_ change: (inout Dirty) -> Void) {
        dirty.withLock { change(&$0) }
        changed.yield()
    }

    private func follow() async {
        var retry = Retry(first: .milliseconds(200))
        var lastFailure = time.now
        for await _ in changes {
            let work = dirty.withLock { dirty in
                defer { dirty = Dirty() }
                return dirty
            }
            do throws(NetworkPoliciesError) {
                try apply(work)
                inForce.open()
            } catch {
                report("\(error)")
                let wait = retry.next(after: time.now - lastFailure)
                lastFailure = time.now
                if (try? await time.sleep(for: wait)) == nil { return }
                changed.yield()
            }
        }
    }

    /// Brings the kernel to what is known of these now.
    private func apply(_ work: Dirty) throws(NetworkPoliciesError) {
        try engine.withLock { engine throws(NetworkPoliciesError) in
            var changes = PolicyState.Changes()
            for key in work.pods {
                let pod = PolicyPod(pods[key], attached.withLock { $0[key] }, nodeName: configuration.nodeName)
                changes.pods[key] = .some(pod)
            }
            for name in work.namespaces { changes.namespaces[name] = .some(namespaces[ObjectKey(name: name)]?.metadata.labels) }
            for key in work.policies { changes.policies[key] = .some(policies[key].flatMap(rules)) }
            try engine.change(changes)
        }
    }

    private func rules(of policy: NetworkPolicy) -> PolicyRules? {
        PolicyRules(policy) { report("network policy \(ObjectKey(policy)): \($0)") }
    }
}

extension InformerEvent {
    fileprivate var key: ObjectKey {
        switch self {
        case .added(let object), .deleted(let object), .updated(_, let object): ObjectKey(object)
        }
    }
}
