import APIMachinery
import Testing

@testable import Kubelet

@Suite struct BackoffTests {
    private func time(_ seconds: Int64) -> Timestamp { Timestamp(seconds: seconds) }

    @Test func `doubles to the cap`() {
        var backoff = Backoff()
        var delays: [Int64] = []
        for attempt in 0..<7 {
            backoff.advance("k", after: time(Int64(attempt)), now: time(Int64(attempt)))
            delays.append(backoff.delay("k").components.seconds)
        }
        #expect(delays == [10, 20, 40, 80, 160, 300, 300])
        #expect(backoff.delay("other") == .zero)
    }

    @Test(arguments: [(5, 10), (10, nil), (15, nil)] as [(Int64, Int64?)])
    func `the wait counts from the event`(now: Int64, end: Int64?) {
        var backoff = Backoff()
        #expect(backoff.end("k", after: time(0), now: time(0)) == nil)
        backoff.advance("k", after: time(-100), now: time(-50))
        #expect(backoff.end("k", after: time(0), now: time(now)) == end.map { time($0) })
    }

    @Test(arguments: [(600, 20), (601, 10)])
    func `an entry expires when the last run was long`(lastedUntil: Int64, delay: Int64) {
        var backoff = Backoff()
        backoff.advance("k", after: time(0), now: time(0))
        backoff.advance("k", after: time(lastedUntil), now: time(lastedUntil))
        #expect(backoff.delay("k") == .seconds(delay))
    }

    @Test func `a cap below the base lowers the base`() {
        var backoff = Backoff(cap: .seconds(3))
        backoff.advance("k", after: time(0), now: time(0))
        #expect(backoff.delay("k") == .seconds(3))
    }

    @Test(arguments: [(0, "0s"), (40, "40s"), (80, "1m20s"), (300, "5m0s"), (3_661, "1h1m1s")])
    func `durations as Go prints them`(seconds: Int64, text: String) { #expect(Duration.seconds(seconds).goText == text) }

    @Test(arguments: [(0, "0s"), (15, "15ms"), (1_200, "1.2s"), (2_000, "2s"), (61_000, "1m1s")])
    func `milliseconds as Go prints them`(milliseconds: Int64, text: String) {
        #expect(Duration.milliseconds(milliseconds).goMillisecondsText == text)
    }
}
