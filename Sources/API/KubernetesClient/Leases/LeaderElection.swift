package import APIMachinery
internal import KubernetesAPI
import Synchronization

/// Lets one of several candidates work at a time, by a Lease that the leader renews (client-go's leaderelection: 15 s, 10 s, 2 s).
///
/// Clocks of candidates need not agree: each counts the lease's time from when it saw the lease change.
package struct LeaderElection: Sendable {
    package var client: Client
    package var namespace: String
    package var name: String
    /// Unlike any other candidate's.
    package var identity: String
    package var leaseDuration: Duration
    /// A leader that could not renew for so long gives up.
    package var renewDeadline: Duration
    package var retryPeriod: Duration
    package var time: any TimeSource

    package init(
        client: Client, namespace: String, name: String, identity: String, leaseDuration: Duration = .seconds(15),
        renewDeadline: Duration = .seconds(10), retryPeriod: Duration = .seconds(2), time: any TimeSource = MachineTime()
    ) {
        self.client = client
        self.namespace = namespace
        self.name = name
        self.identity = identity
        self.leaseDuration = leaseDuration
        self.renewDeadline = renewDeadline
        self.retryPeriod = retryPeriod
        self.time = time
    }

    /// Waits to become leader, works as long as it is one, and gives the lease back.
    ///
    /// `work` is cancelled when the lease is lost: taken by another, or not renewed by the deadline, even while a request to renew it hangs.
    /// Returns when `work` has ended after that, or by itself, or since the task was cancelled.
    package func run(_ work: @escaping @Sendable () async -> Void) async {
        var observed = ObservedLease()
        guard await acquire(&observed) else { return }
        let held = observed
        let renewed = RenewalTime(time.now)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await work() }
            group.addTask { await renew(held, renewed) }
            group.addTask { await waitForDeadline(renewed) }
            await group.next()
            group.cancelAll()
        }
        // In a task of its own, since this one may have been cancelled: who waits for the lease gets it at once all the same.
        await Task { await release() }.value
    }

    private func acquire(_ observed: inout ObservedLease) async -> Bool {
        while !Task.isCancelled {
            if await tryOnce(&observed) == .held { return true }
            guard (try? await time.sleep(for: retryPeriod * (1 + .random(in: 0..<1.2)))) != nil else { return false }
        }
        return false
    }

    /// Returns when another has the lease, or the task is cancelled.
    private func renew(_ held: ObservedLease, _ renewed: RenewalTime) async {
        var observed = held
        while (try? await time.sleep(for: retryPeriod)) != nil {
            let begin = time.now
            switch await tryOnce(&observed) {
            case .held: renewed.set(begin)
            case .anothers: return
            case .unknown: break
            }
        }
    }

    /// Returns when the lease has not been renewed in time, or the task is cancelled.
    private func waitForDeadline(_ renewed: RenewalTime) async {
        while case let due = renewed.value + renewDeadline, due > time.now {
            guard (try? await time.sleep(until: due)) != nil else { return }
        }
    }

    private enum Standing { case held, anothers, unknown }

    private func tryOnce(_ observed: inout ObservedLease) async -> Standing {
        let leases = client.resource(Lease.self, namespace: namespace)
        do throws(ClientError) {
            var lease = try await leases.get(name)
            observed.see(lease, at: time.now)
            guard observed.canBeTaken(by: identity, at: time.now) else { return .anothers }
            lease.spec = taken(from: lease.spec)
            observed.see(try await leases.update(lease), at: time.now)
            return .held
        } catch {
            guard error.isNotFound else { return .unknown }
        }
        do throws(ClientError) {
            let lease = Lease {
                $0.metadata.name = name
                $0.metadata.namespace = namespace
                $0.spec = taken(from: LeaseSpec())
            }
            observed.see(try await leases.create(lease), at: time.now)
            return .held
        } catch {
            return .unknown
        }
    }

    private func taken(from before: LeaseSpec) -> LeaseSpec {
        var spec = before
        let now = MicroTimestamp(time.wallTime)
        spec.leaseDurationSeconds = Int32(leaseDuration.components.seconds)
        spec.renewTime = now
        if before.holderIdentity != identity {
            spec.holderIdentity = identity
            spec.acquireTime = now
            spec.leaseTransitions = (before.leaseTransitions ?? -1) + 1
        }
        return spec
    }

    /// Gives the lease back, so that the next one need not wait for its end. Gives up after the renew deadline: then it runs out by itself.
    private func release() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await clearHolder() }
            group.addTask { try? await time.sleep(for: renewDeadline) }
            await group.next()
            group.cancelAll()
        }
    }

    private func clearHolder() async {
        let leases = client.resource(Lease.self, namespace: namespace)
        guard var lease = try? await leases.get(name), lease.spec.holderIdentity == identity else { return }
        // An empty one is refused by API servers.
        lease.spec.holderIdentity = nil
        lease.spec.leaseDurationSeconds = 1
        lease.spec.renewTime = MicroTimestamp(time.wallTime)
        _ = try? await leases.update(lease)
    }
}

/// When the leader last renewed its lease: the time before it asked, since others count from when they see the change.
private final class RenewalTime: Sendable {
    private let time: Mutex<Duration>
    init(_ time: Duration) { self.time = Mutex(time) }
    var value: Duration { time.withLock { $0 } }
    func set(_ value: Duration) { time.withLock { $0 = value } }
}

/// A lease as a candidate sees it, and since when.
struct ObservedLease: Sendable {
    private var spec: LeaseSpec?
    private var changed: Duration = .zero

    mutating func see(_ lease: Lease, at now: Duration) {
        guard spec != lease.spec else { return }
        spec = lease.spec
        changed = now
    }

    func canBeTaken(by identity: String, at now: Duration) -> Bool {
        guard let spec, let holder = spec.holderIdentity, !holder.isEmpty, holder != identity else { return true }
        return now - changed >= .seconds(Int64(spec.leaseDurationSeconds ?? 0))
    }
}
