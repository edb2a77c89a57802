import APIMachinery
import KubernetesAPI
import Synchronization
import TestSupport
import Testing

@testable import KubernetesClient

struct ObservedLeaseTests {
    private func lease(_ holder: String, renewed: Int64) -> Lease {
        Lease {
            $0.spec.holderIdentity = holder
            $0.spec.leaseDurationSeconds = 15
            $0.spec.renewTime = MicroTimestamp(Timestamp(seconds: renewed))
        }
    }

    @Test func `another's lease can be taken once it has not changed for its duration`() {
        var observed = ObservedLease()
        observed.see(lease("other", renewed: 1), at: .seconds(100))
        #expect(!observed.canBeTaken(by: "me", at: .seconds(114)))
        observed.see(lease("other", renewed: 1), at: .seconds(110))
        #expect(observed.canBeTaken(by: "me", at: .seconds(115)))
        observed.see(lease("other", renewed: 2), at: .seconds(115))
        #expect(!observed.canBeTaken(by: "me", at: .seconds(129)))
    }

    @Test func `one's own lease and a released one can be taken at once`() {
        var observed = ObservedLease()
        observed.see(lease("me", renewed: 1), at: .zero)
        #expect(observed.canBeTaken(by: "me", at: .zero))
        observed.see(lease("", renewed: 2), at: .zero)
        #expect(observed.canBeTaken(by: "me", at: .zero))
    }
}

/// Candidates over one lease, in time that the tests move.
@Suite(.timeLimit(.minutes(5))) struct LeaderElectionTests {
    private let server = LeaseServer()
    private let time = ManualTime()

    /// Works until it is cancelled, and says since when.
    private final class Work: Sendable {
        let isRunning = Atomic(false)
        let runCount = Atomic(0)

        func run() async {
            isRunning.store(true, ordering: .sequentiallyConsistent)
            runCount.add(1, ordering: .sequentiallyConsistent)
            try? await Gate().wait()
            isRunning.store(false, ordering: .sequentiallyConsistent)
        }

        var isAtIt: Bool { isRunning.load(ordering: .sequentiallyConsistent) }
    }

    private func candidate(_ name: String) -> (work: Work, run: Task<Void, Never>) {
        let work = Work()
        let election = LeaderElection(client: server.client(name), namespace: "kube-system", name: "work", identity: name, time: time)
        return (work, Task { await election.run { await work.run() } })
    }

    private func leader(_ name: String) async throws -> (work: Work, run: Task<Void, Never>) {
        let leader = candidate(name)
        try #require(try await eventually { leader.work.isAtIt })
        // Of the renewal and of the deadline.
        await time.waitForSleepers(2)
        return leader
    }

    /// Lets so much time pass in steps, each after everybody has gone back to sleep.
    private func pass(_ duration: Duration, sleepers: Int) async {
        var left = duration
        while left > .zero {
            await time.waitForSleepers(sleepers)
            time.advance(by: min(left, .seconds(1)))
            left -= .seconds(1)
            for _ in 0..<100 { await Task.yield() }
        }
    }

    @Test func `the first one works, the second waits`() async throws {
        let first = try await leader("a")
        let second = candidate("b")
        await pass(.seconds(60), sleepers: 3)
        #expect(first.work.isAtIt && !second.work.isAtIt)
        #expect(server.holders == ["a"])
        first.run.cancel()
        second.run.cancel()
        await first.run.value
        await second.run.value
    }

    @Test func `a leader that is cancelled gives the lease back, and the other need not wait for its end`() async throws {
        let first = try await leader("a")
        let second = candidate("b")
        await time.waitForSleepers(3)
        first.run.cancel()
        await first.run.value
        #expect(!first.work.isAtIt)
        #expect(server.holder == nil)
        await pass(.seconds(5), sleepers: 1)
        #expect(try await eventually { second.work.isAtIt })
        #expect(server.holders == ["a", "", "b"])
        #expect(server.transitions == 1)
        second.run.cancel()
        await second.run.value
    }

    @Test(arguments: [true, false])
    func `a leader that cannot renew stops before another may begin`(hangs: Bool) async throws {
        let first = try await leader("a")
        let second = candidate("b")
        await time.waitForSleepers(3)
        if hangs { server.hang("a") } else { server.refuse("a") }
        await pass(.seconds(11), sleepers: 1)
        #expect(try await eventually { !first.work.isAtIt })
        #expect(!second.work.isAtIt)
        await pass(.seconds(10), sleepers: 1)
        #expect(try await eventually { second.work.isAtIt })
        #expect(first.work.runCount.load(ordering: .sequentiallyConsistent) == 1)
        // What it waits for while it tries to give the lease back.
        await pass(.seconds(10), sleepers: 1)
        await first.run.value
        #expect(server.holder == "b")
        second.run.cancel()
        await second.run.value
    }

    @Test func `a leader whose lease another has stops at its next look`() async throws {
        let first = try await leader("a")
        server.set(holder: "usurper")
        time.advance(by: .seconds(2))
        await first.run.value
        #expect(!first.work.isAtIt)
        #expect(server.holder == "usurper")
    }

    @Test func `work that ends by itself gives the lease back`() async throws {
        let election = LeaderElection(client: server.client("a"), namespace: "kube-system", name: "work", identity: "a", time: time)
        await election.run {}
        #expect(server.holders == ["a", ""])
    }

    @Test func `a candidate that is cancelled while it waits never works`() async throws {
        let first = try await leader("a")
        let second = candidate("b")
        await time.waitForSleepers(3)
        second.run.cancel()
        await second.run.value
        #expect(second.work.runCount.load(ordering: .sequentiallyConsistent) == 0)
        #expect(server.holder == "a")
        first.run.cancel()
        await first.run.value
    }
}
