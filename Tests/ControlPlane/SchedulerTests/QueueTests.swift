import APIMachinery
import Testing

@testable import Scheduler

struct QueueTests {
    private func queue(_ names: [(String, Int32)] = []) -> SchedulingQueue {
        var queue = SchedulingQueue(PrioritySort())
        for (index, (name, priority)) in names.enumerated() {
            queue.add(Make.pod(name, priority: priority), gate: nil, at: .milliseconds(index))
        }
        return queue
    }

    private func taken(_ queue: inout SchedulingQueue, at now: Duration) throws -> QueuedPod {
        let pod = queue.pop(at: now)
        return try #require(pod)
    }

    @Test func `priority first, then who waits longer`() {
        var queue = queue([("low", 0), ("high", 10), ("low2", 0), ("high2", 10)])
        var names: [String] = []
        while let pod = queue.pop(at: .seconds(1)) { names.append(pod.info.key.name) }
        #expect(names == ["high", "high2", "low", "low2"])
        #expect(queue.count == 0)
    }

    @Test func `back-off doubles from one second to ten`() throws {
        var queue = queue([("p", 0)])
        var now = Duration.zero
        for expected in [1, 2, 4, 8, 10, 10] {
            let pod = try taken(&queue, at: now)
            queue.putBackFailed(pod, at: now)
            #expect(queue.pop(at: now) == nil)
            #expect(queue.nextDue(after: now) == now + .seconds(expected))
            now += .seconds(expected)
        }
    }

    @Test func `who was refused waits for a change, and goes early when nobody else does`() throws {
        var queue = queue([("p", 0)])
        let pod = try taken(&queue, at: .zero)
        queue.putBackUnschedulable(pod, refusedBy: ["Fit"], at: .zero)
        #expect(queue.pop(at: .seconds(2)) == nil)
        #expect(
            queue.move(at: .seconds(2)) {
                Array($0)
            } mayHelp: { _, _ in
                false
            } == [])
        #expect(
            queue.move(at: .seconds(2)) { _ in
                []
            } mayHelp: { _, _ in
                true
            } == [])
        #expect(
            queue.move(at: .milliseconds(500)) {
                Array($0)
            } mayHelp: { _, plugin in
                plugin == "Fit"
            } == ["uid-p"])
        #expect(queue.pool(of: "uid-p") == .backOff)
        #expect(queue.pop(at: .milliseconds(500))?.attempts == 2)
    }

    @Test func `five minutes are enough in any case`() throws {
        var queue = queue([("p", 0)])
        let pod = try taken(&queue, at: .zero)
        queue.putBackUnschedulable(pod, refusedBy: ["Fit"], at: .zero)
        #expect(queue.pop(at: .seconds(290)) == nil)
        #expect(queue.pop(at: .seconds(330)) != nil)
    }

    @Test func `gates keep a pod out until they are gone`() {
        var queue = queue()
        let gated = Make.pod("p", spec: ["schedulingGates": [["name": "g"]]])
        queue.add(gated, gate: SchedulingGatesPlugin().refusal(toEnqueue: gated), at: .zero)
        #expect(queue.pop(at: .seconds(1)) == nil)
        #expect(queue.pool(of: "uid-p") == .gated)
        queue.add(Make.pod("p"), gate: nil, at: .seconds(2))
        #expect(queue.pop(at: .seconds(2)) != nil)
    }

    @Test func `what was removed or changed does not come up twice`() {
        var queue = queue([("a", 0), ("b", 0)])
        for _ in 0..<500 { queue.add(Make.pod("a", priority: 5), gate: nil, at: .zero) }
        queue.remove("uid-b")
        #expect(queue.pop(at: .zero)?.info.priority == 5)
        #expect(queue.pop(at: .zero) == nil)
        #expect(queue.count == 0)
    }

    /// Against a queue that is a list.
    @Test(arguments: 0..<20)
    func `the heap gives what a sorted list gives`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var queue = queue()
        var model: [(name: String, priority: Int32, at: Int)] = []
        for step in 0..<400 {
            switch Int.random(in: 0..<4, using: &random) {
            case 0, 1:
                let name = "p\(Int.random(in: 0..<40, using: &random))"
                let priority = Int32.random(in: 0..<4, using: &random)
                let since = model.first { $0.name == name }?.at ?? step
                queue.add(Make.pod(name, priority: priority), gate: nil, at: .milliseconds(step))
                model.removeAll { $0.name == name }
                model.append((name, priority, since))
            case 2:
                let name = "p\(Int.random(in: 0..<40, using: &random))"
                queue.remove("uid-\(name)")
                model.removeAll { $0.name == name }
            default:
                let expected = model.min { ($1.priority, $0.at) < ($0.priority, $1.at) }
                let popped = queue.pop(at: .milliseconds(step))
                #expect(popped?.info.key.name == expected?.name)
                model.removeAll { $0.name == expected?.name }
            }
        }
    }
}
