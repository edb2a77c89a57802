import APIMachinery
import KubernetesAPI
import KubernetesClient
import Testing

@testable import Scheduler

/// The state machine: what comes in, what is to be done.
struct CoreTests {
    private func core(_ nodes: [NodeInfo]) -> SchedulerCore {
        var core = SchedulerCore(SchedulerConfiguration(seed: 1))
        for node in nodes { core.set(node, at: .zero) }
        return core
    }

    /// In one word each.
    private func texts(_ actions: [SchedulerCore.Action]?) -> [String] {
        (actions ?? []).map { action in
            switch action {
            case .bind(let assignment): "bind \(assignment.pod.info.key.name) \(assignment.node)"
            case .refuse(let pod, _, let nominated): "refuse \(pod.info.key.name) \(nominated ?? "-")"
            case .hold(let pod, _): "hold \(pod.key.name)"
            case .preempt(let pod, let preemption): "preempt \(preemption.victims.map(\.key.name)) for \(pod.key.name)"
            }
        }
    }

    private func bound(_ name: String, _ node: String, cpu: String = "1", more: JSONObject = JSONObject()) -> PodInfo {
        Make.pod(name, requests: ["cpu": cpu], spec: ["nodeName": .string(node)], more: more)
    }

    @Test func `an assumed pod counts before it is written, and no more when that fails`() {
        let time = ManualTime()
        var core = core([Make.node("a", cpu: "1")])
        _ = core.set(Make.pod("p", requests: ["cpu": "1"]), at: .zero)
        _ = core.set(Make.pod("q", requests: ["cpu": "1"]), at: .zero)
        #expect(texts(core.step(time)) == ["bind p a"])
        #expect(texts(core.step(time)) == ["refuse q -"])
        #expect(core.step(time) == nil)
        core.bindingFailed("uid-p", at: time.now)
        #expect(core.assumedCount == 0 && core.cluster.podCount == 0)
        // Room again: who waits gets it; who failed waits for the back-off.
        #expect(texts(core.step(time)) == ["bind q a"])
        time.advance(.seconds(1))
        #expect(texts(core.step(time)) == ["refuse p -"])
    }

    @Test func `the pod's own change ends the assumption`() {
        let time = ManualTime()
        var core = core([Make.node("a")])
        _ = core.set(Make.pod("p", requests: ["cpu": "1"]), at: .zero)
        _ = core.step(time)
        _ = core.set(bound("p", "a"), at: .zero)
        #expect(core.assumedCount == 0 && core.cluster.podCount == 1)
        core.bindingFailed("uid-p", at: .zero)
        #expect(core.cluster.podCount == 1)
        core.remove("uid-p", at: .zero)
        #expect(core.cluster.podCount == 0 && core.cluster.usage[0].milliCPU == 0)
    }

    @Test func `finished pods make room and wake others`() {
        let time = ManualTime()
        var core = core([Make.node("a", cpu: "1")])
        _ = core.set(bound("there", "a"), at: .zero)
        _ = core.set(Make.pod("p", requests: ["cpu": "1"]), at: .zero)
        #expect(texts(core.step(time)) == ["refuse p -"])
        _ = core.set(bound("there", "a", more: ["status": ["phase": "Succeeded"]]), at: .zero)
        #expect(texts(core.step(time)) == ["bind p a"])
    }

    @Test func `only a change that helps wakes a pod`() {
        let time = ManualTime()
        var core = core([Make.node("a", cpu: "1")])
        _ = core.set(Make.pod("p", requests: ["cpu": "2"]), at: .zero)
        #expect(texts(core.step(time)) == ["refuse p -"])
        core.set(Make.node("b", cpu: "1"), at: .zero)
        core.set(Make.node("a", cpu: "1", labels: ["x": "y"]), at: .zero)
        core.tell(.volumes(.volumeChanged), at: .zero)
        #expect(core.step(time) == nil)
        core.set(Make.node("b", cpu: "2"), at: .zero)
        #expect(texts(core.step(time)) == ["bind p b"])
    }

    @Test func `other schedulers' pods are left alone, but count`() {
        let time = ManualTime()
        var core = core([Make.node("a", cpu: "1")])
        _ = core.set(Make.pod("p", spec: ["schedulerName": "another"]), at: .zero)
        #expect(core.step(time) == nil)
        _ = core.set(bound("p", "a", more: ["spec": ["schedulerName": "another"]]), at: .zero)
        #expect(core.cluster.podCount == 1)
    }

    @Test func `making room happens once, then the pod waits for it`() {
        let time = ManualTime()
        var core = core([Make.node("a", cpu: "1")])
        _ = core.set(bound("low", "a"), at: .zero)
        let high = Make.pod("high", requests: ["cpu": "1"], priority: 10)
        _ = core.set(high, at: .zero)
        #expect(texts(core.step(time)) == ["refuse high a", "preempt [\"low\"] for high"])
        // Something wakes it before the victim is gone.
        core.tell(.podRemoved(bound("x", "a")), at: .zero)
        #expect(texts(core.step(time)) == [])
        core.preempted(for: "uid-high", at: .zero)
        // A lower pod does not take the room.
        core.remove("uid-low", at: .zero)
        _ = core.set(Make.pod("middle", requests: ["cpu": "1"], priority: 5), at: .zero)
        var all: [String] = []
        while let actions = core.step(time) { all += texts(actions) }
        #expect(all.contains("bind high a"))
        #expect(!all.contains("bind middle a"))
    }

    @Test func `the victim that is gone before everything is written wakes the pod all the same`() {
        let time = ManualTime()
        var core = core([Make.node("a", cpu: "1")])
        _ = core.set(bound("low", "a"), at: .zero)
        _ = core.set(Make.pod("high", requests: ["cpu": "1"], priority: 10), at: .zero)
        _ = core.step(time)
        core.remove("uid-low", at: .zero)
        while core.step(time) != nil {}
        core.preempted(for: "uid-high", at: .zero)
        #expect(texts(core.step(time)) == ["bind high a"])
    }

    @Test func `gates are told of once`() {
        var core = core([Make.node("a")])
        let gated = Make.pod("p", spec: ["schedulingGates": [["name": "g"]]])
        #expect(texts(core.set(gated, at: .zero)) == ["hold p"])
        #expect(texts(core.set(gated, at: .zero)) == [])
        #expect(core.step(MachineTime()) == nil)
        _ = core.set(Make.pod("p"), at: .zero)
        #expect(texts(core.step(MachineTime())) == ["bind p a"])
    }

    @Test func `the same seed and the same changes give the same assignments`() {
        func run() -> [String] {
            let time = ManualTime()
            var core = core((0..<20).map { Make.node("n\($0)") })
            for index in 0..<100 { _ = core.set(Make.pod("p\(index)", requests: ["cpu": "100m"]), at: .zero) }
            var all: [String] = []
            while let actions = core.step(time) { all += texts(actions) }
            return all
        }
        let first = run()
        #expect(first.count == 100 && first == run())
    }
}
