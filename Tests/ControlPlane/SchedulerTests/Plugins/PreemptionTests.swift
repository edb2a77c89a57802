import APIMachinery
import KubernetesAPI
import KubernetesClient
import Testing

@testable import Scheduler

struct PreemptionTests {
    private func victim(
        _ name: String, cpu: String = "1", priority: Int32 = 0, labels: [String: String] = [:], started: String? = nil
    ) -> PodInfo {
        var more = JSONObject()
        if let started { more["status"] = ["startTime": .string(started)] }
        return Make.pod(name, requests: ["cpu": cpu], labels: labels, priority: priority, more: more)
    }

    /// What is decided for a pod that fits nowhere.
    private func judge(_ pod: PodInfo, _ cluster: ClusterSnapshot) -> (preemption: Preemption?, message: String) {
        var random = SeededRandom(seed: 0)
        let profile = SchedulingProfile.default
        let decision = profile.decide(pod, cluster, random: &random)
        #expect(decision.slot == nil)
        switch DefaultPreemption().postFilter(pod, cluster, decision.diagnosis, profile) {
        case .nominate(let preemption): return (preemption, "")
        case .nothing(let text), .failed(let text): return (nil, text)
        }
    }

    private func names(_ preemption: Preemption?) -> [String] { preemption?.victims.map(\.key.name) ?? [] }

    @Test func `only as many go as must, and the least important`() {
        let cluster = Make.cluster(
            [Make.node("a")],
            [
                (victim("p5", priority: 5), "a"), (victim("p1", priority: 1), "a"), (victim("p3", priority: 3), "a"),
                (victim("p9", priority: 9), "a"),
            ])
        let outcome = judge(Make.pod("p", requests: ["cpu": "2"], priority: 7), cluster)
        #expect(outcome.preemption?.node == "a")
        #expect(names(outcome.preemption) == ["p3", "p1"])
    }

    @Test func `of equal priority who runs longer stays`() {
        let cluster = Make.cluster(
            [Make.node("a", cpu: "2")],
            [(victim("young", started: "2026-01-02T00:00:00Z"), "a"), (victim("old", started: "2026-01-01T00:00:00Z"), "a")])
        #expect(names(judge(Make.pod("p", requests: ["cpu": "1"], priority: 7), cluster).preemption) == ["young"])
    }

    @Test func `a budget is spared while another pod will do, and broken when none will`() {
        var cluster = Make.cluster(
            [Make.node("a", cpu: "2")], [(victim("kept", priority: 1, labels: ["app": "x"]), "a"), (victim("loose", priority: 2), "a")])
        cluster.budgets = [
            DisruptionBudget(key: ObjectKey(namespace: "ns", name: "b"), selector: Selector(equalTo: ["app": "x"]), disruptionsAllowed: 0)
        ]
        #expect(names(judge(Make.pod("p", requests: ["cpu": "1"], priority: 7), cluster).preemption) == ["loose"])
        let both = judge(Make.pod("p", requests: ["cpu": "2"], priority: 7), cluster).preemption
        #expect(names(both) == ["loose", "kept"] && both?.violationCount == 1)
        cluster.budgets[0].disruptionsAllowed = 1
        #expect(names(judge(Make.pod("p", requests: ["cpu": "1"], priority: 7), cluster).preemption) == ["kept"])
    }

    /// Each pair: priorities of the pods on node a and on node b; which node is taken.
    @Test(arguments: [
        ([1, 1], [2], "a"),  // the lowest highest priority
        ([3, 3], [3], "b"),  // fewer pods make the smaller sum
        ([3, 1], [3, 2], "a"),  // the smallest sum
    ])
    func `the node with the least harm`(a: [Int], b: [Int], expected: String) {
        func pods(_ priorities: [Int], _ node: String) -> [(PodInfo, String)] {
            let cpu = priorities.count == 1 ? "2" : "1"
            return priorities.enumerated().map { (victim("\(node)\($0.offset)", cpu: cpu, priority: Int32($0.element)), node) }
        }
        let cluster = Make.cluster([Make.node("a", cpu: "2"), Make.node("b", cpu: "2")], pods(a, "a") + pods(b, "b"))
        #expect(judge(Make.pod("p", requests: ["cpu": "2"], priority: 7), cluster).preemption?.node == expected)
    }

    @Test func `the latest start decides between equals`() {
        let cluster = Make.cluster(
            [Make.node("a", cpu: "1"), Make.node("b", cpu: "1")],
            [(victim("old", started: "2026-01-01T00:00:00Z"), "a"), (victim("young", started: "2026-01-02T00:00:00Z"), "b")])
        #expect(judge(Make.pod("p", requests: ["cpu": "1"], priority: 7), cluster).preemption?.node == "b")
    }

    @Test func `who is not helped, and why`() {
        let cluster = Make.cluster(
            [Make.node("full", cpu: "1"), Make.node("cordoned", more: ["spec": ["unschedulable": true]]), Make.node("equal", cpu: "1")],
            [(victim("v", priority: 7), "equal"), (victim("w", priority: 8), "full")])
        let text =
            "preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod."
        #expect(judge(Make.pod("p", requests: ["cpu": "1"], priority: 7), cluster).message == text)
        let never = Make.pod("p", requests: ["cpu": "1"], priority: 9, spec: ["preemptionPolicy": "Never"])
        #expect(judge(never, cluster).message == "preemption: not eligible due to preemptionPolicy=Never.")
    }

    @Test func `room that is being made is waited for`() {
        let going = Make.pod(
            "v", requests: ["cpu": "1"],
            more: [
                "metadata": ["deletionTimestamp": "2026-01-01T00:00:00Z"],
                "status": ["conditions": [["type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"]]],
            ])
        let cluster = Make.cluster([Make.node("a", cpu: "1")], [(going, "a")])
        let pod = Make.pod("p", requests: ["cpu": "1"], priority: 7, more: ["status": ["nominatedNodeName": "a"]])
        #expect(judge(pod, cluster).message == "preemption: not eligible due to a terminating pod on the nominated node.")
    }

    @Test func `a nominated pod holds its place against lower ones only`() {
        var cluster = Make.cluster([Make.node("a", cpu: "1")])
        cluster.nominations.set(Make.pod("nominated", requests: ["cpu": "1"], priority: 5), on: "a")
        var random = SeededRandom(seed: 0)
        let profile = SchedulingProfile.default
        #expect(profile.decide(Make.pod("low", requests: ["cpu": "1"], priority: 4), cluster, random: &random).slot == nil)
        #expect(profile.decide(Make.pod("high", requests: ["cpu": "1"], priority: 6), cluster, random: &random).slot != nil)
        #expect(profile.decide(Make.pod("nominated", requests: ["cpu": "1"], priority: 5), cluster, random: &random).slot != nil)
    }

    @Test func `trying changes nothing`() {
        let cluster = Make.cluster([Make.node("a")], (0..<4).map { (victim("v\($0)"), "a") })
        let before = cluster.usage
        _ = judge(Make.pod("p", requests: ["cpu": "2"], priority: 7), cluster)
        #expect(cluster.usage == before && cluster.podCount == 4)
    }
}
