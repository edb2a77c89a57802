import APIMachinery
import Testing

@testable import KubernetesClient

struct WorkQueueTests {
    @Test func `a key is in the queue once, and never with two workers`() {
        var schedule = KeySchedule<String>(delays: .init())
        let added = [schedule.add("a"), schedule.add("a")]
        #expect(added == [1, 0])
        let taken = schedule.take()
        #expect(taken == "a")
        let (addedMeanwhile, takenMeanwhile) = (schedule.add("a"), schedule.take())
        #expect(addedMeanwhile == 0 && takenMeanwhile == nil)
        let (woken, again) = (schedule.finish("a"), schedule.take())
        #expect(woken == 1 && again == "a")
        let (wokenAtEnd, last) = (schedule.finish("a"), schedule.take())
        #expect(wokenAtEnd == 0 && last == nil)
    }

    @Test func `the earliest of several delays wins`() {
        var schedule = KeySchedule<String>(delays: .init())
        let isEarliest = [
            schedule.add("a", at: .seconds(5)), schedule.add("a", at: .seconds(6)), schedule.add("b", at: .seconds(9)),
            schedule.add("b", at: .seconds(2)),
        ]
        #expect(isEarliest == [true, false, false, true])
        let counts = [schedule.addDue(at: .seconds(1)), schedule.addDue(at: .seconds(4))]
        #expect(counts == [0, 1])
        #expect(schedule.earliestDue == .seconds(5))
        let taken = schedule.take()
        #expect(taken == "b")
    }

    @Test func `failures of a key double its delay, forgetting resets it`() {
        var delays = RetryDelays<String>(bucket: .init(ratePerSecond: 1000, burst: 1000))
        let first = (0..<4).map { _ in delays.next(for: "a", at: .zero) }
        #expect(first == [5, 10, 20, 40].map { .milliseconds($0) })
        for _ in 0..<40 { _ = delays.next(for: "a", at: .zero) }
        let longest = delays.next(for: "a", at: .zero)
        delays.forget("a")
        let again = delays.next(for: "a", at: .zero)
        #expect(longest == .seconds(1000) && again == .milliseconds(5))
    }

    @Test func `beyond the burst all keys share a rate`() {
        var delays = RetryDelays<Int>(bucket: .init(ratePerSecond: 10, burst: 2))
        let found = (0..<4).map { delays.next(for: $0, at: .zero) }
        #expect(found == [.milliseconds(5), .milliseconds(5), .milliseconds(100), .milliseconds(200)])
    }

    @Test(.timeLimit(.minutes(5))) func `delayed keys come when they are due`() async {
        let time = ManualTime()
        let queue = WorkQueue<String>(time: time)
        queue.add("later", after: .seconds(10))
        queue.add("sooner", after: .seconds(3))
        async let first = queue.next()
        await time.waitForSleepers(1)
        time.advance(by: .seconds(3))
        #expect(await first == "sooner")
        async let second = queue.next()
        await time.waitForSleepers(1)
        time.advance(by: .seconds(7))
        #expect(await second == "later")
    }

    @Test(.timeLimit(.minutes(5))) func `a worker that waits for a later key takes an earlier one`() async {
        let time = ManualTime()
        let queue = WorkQueue<String>(time: time)
        queue.add("late", after: .seconds(100))
        async let key = queue.next()
        await time.waitForSleepers(1)
        queue.add("now")
        #expect(await key == "now")
    }

    @Test(.timeLimit(.minutes(5))) func `many workers take every key exactly once`() async {
        let queue = WorkQueue<Int>()
        let taken = await withTaskGroup(of: [Int].self) { group in
            for _ in 0..<8 {
                group.addTask {
                    var own: [Int] = []
                    while let key = await queue.next() {
                        own.append(key)
                        queue.done(key)
                    }
                    return own
                }
            }
            for key in 0..<5000 { queue.add(key) }
            queue.shutDown()
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(taken.sorted() == Array(0..<5000))
    }

    @Test(.timeLimit(.minutes(5))) func `what fails is reconciled again, what is done is not`() async {
        let time = ManualTime()
        let queue = WorkQueue<String>(time: time)
        struct Failure: Error {}
        let (attempts, attempt) = AsyncStream.makeStream(of: Int.self)
        let reconciler = Reconciler(queue: queue, report: { _, _ in }) { key in
            let count = queue.failureCount(key)
            attempt.yield(count)
            if count < 2 { throw Failure() }
            return .done
        }
        queue.add("a")
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await reconciler.run(workers: 2) }
            var seen: [Int] = []
            for await count in attempts {
                seen.append(count)
                if seen.count == 3 { break }
                await time.waitForSleepers(1)
                time.advance(by: .seconds(1))
            }
            #expect(seen == [0, 1, 2])
            queue.shutDown()
        }
        #expect(queue.count == 0)
    }
}
