import Testing

@testable import Kubelet

@Suite struct PodLifecycleTests {
    @Test(arguments: [(10, 5, 5), (10, 10, 10), (10, 30, 10), (10, 0, 1)] as [(Int64, Int64, Int64)])
    func `a second deletion only shortens the grace period`(first: Int64, second: Int64, expected: Int64) {
        var lifecycle = PodLifecycle()
        _ = lifecycle.handle(.deleted(gracePeriodSeconds: first))
        #expect(lifecycle.handle(.deleted(gracePeriodSeconds: second)) == .kill(gracePeriodSeconds: expected))
    }

    @Test func `there is no way back`() {
        var lifecycle = PodLifecycle()
        #expect(lifecycle.handle(.look) == .sync)
        #expect(lifecycle.handle(.containersGone) == .sync)
        #expect(lifecycle.handle(.over(gracePeriodSeconds: 30)) == .kill(gracePeriodSeconds: 30))
        #expect(lifecycle.handle(.look) == .kill(gracePeriodSeconds: 30))
        #expect(lifecycle.handle(.containersGone) == .publishTerminalStatus)
        #expect(lifecycle.handle(.look) == .nothing)
        #expect(lifecycle.handle(.over(gracePeriodSeconds: 30)) == .nothing)
        #expect(lifecycle.handle(.deleted(gracePeriodSeconds: 30)) == .remove)
        #expect(lifecycle.handle(.removed) == .nothing)
        #expect(lifecycle.state == .removed)
        #expect(lifecycle.handle(.look) == .nothing)
    }
}
