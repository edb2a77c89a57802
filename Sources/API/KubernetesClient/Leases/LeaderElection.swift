package import APIMachinery
internal import KubernetesAPI

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
    /// `work` is cancelled when the lease is lost. Returns when `work` does, when the lease is lost, or when the task is cancelled.
    package func run(_ work: @escaping @Sendable () async -> Void) async {
        var observed = ObservedLease()
        guard await acquire(&observed) else { return }
        let held = observed
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await work() }
            group.addTask {
                var observed = held
                await renew(&observed)
            }
            await group.next()
            group.cancelAll()
        }
        await release()
    }

    private func acquire(_ observed: inout ObservedLease) async -> Bool {
        while !Task.isCancelled {
            if await tryOnce(&observed) { return true }
            guard (try? await time.sleep(for: retryPeriod * (1 + .random(in: 0..<1.2)))) != nil else { return false }
        }
        return false
    }

    private func renew(_ observed: inout ObservedLease) async {
        var last = time.now
        while true {
            guard (try? await time.sleep(for: retryPeriod)) != nil else { return }
            if await tryOnce(&observed) { last = time.now }
            if time.now - last >= renewDeadline { return }
        }
    }

    private func tryOnce(_ observed: inout ObservedLease) async -> Bool {
        let leases = client.resource(Lease.self, namespace: namespace)
        do throws(ClientError) {
            var lease = try await leases.get(name)
            observed.see(lease, at: time.now)
            guard observed.canBeTaken(by: identity, at: time.now) else { return false }
            lease.spec = taken(from: lease.spec)
            observed.see(try await leases.update(lease), at: time.now)
            return true
        } catch {
            guard error.isNotFound else { return false }
        }
        do throws(ClientError) {
            let lease = Lease {
                $0.metadata.name = name
                $0.metadata.namespace = namespace
                $0.spec = taken(from: LeaseSpec())
            }
            observed.see(try await leases.create(lease), at: time.now)
            return true
        } catch {
            return false
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

    /// Gives the lease back, so that the next one need not wait for its end.
    private func release() async {
        let leases = client.resource(Lease.self, namespace: namespace)
        do throws(ClientError) {
            var lease = try await leases.get(name)
            guard lease.spec.holderIdentity == identity else { return }
            lease.spec.holderIdentity = ""
            lease.spec.leaseDurationSeconds = 1
            lease.spec.renewTime = MicroTimestamp(time.wallTime)
            _ = try await leases.update(lease)
        } catch {
            // It runs out by itself.
        }
    }
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
