import APIMachinery
import KubernetesAPI
import Testing

@testable import NodeSimulation

struct StageTests {
    private func pod(_ phase: String, owner: String? = nil, deleted: Bool = false, labels: [String: String] = [:]) -> Pod {
        Pod {
            $0.metadata.name = "a"
            $0.metadata.labels = labels
            $0.metadata.deletionTimestamp = deleted ? Timestamp(seconds: 1) : nil
            if let owner {
                $0.metadata.ownerReferences = [
                    OwnerReference {
                        $0.kind = owner
                        $0.controller = true
                    }
                ]
            }
            $0.status.phase = phase
        }
    }

    @Test func `the usual stages lead a pod from its beginning to its end`() {
        var random = SeededRandom(seed: 1)
        func next(_ pod: Pod) -> String? { StageTable.usual.next(for: pod, &random).map { StageTable.usual.stages[$0].name } }
        #expect(next(pod("Pending")) == "run")
        #expect(next(pod("Running", owner: "ReplicaSet")) == nil)
        #expect(next(pod("Running", owner: "Job")) == "complete")
        #expect(next(pod("Succeeded", owner: "Job")) == nil)
        for phase in ["Pending", "Running", "Succeeded"] { #expect(next(pod(phase, owner: "Job", deleted: true)) == "delete") }
    }

    @Test func `stages with weights are as likely as their weights say`() {
        var (often, seldom, never) = (Stage("often"), Stage("seldom"), Stage("never"))
        often.weight = 9
        seldom.weight = 1
        never.condition.phases = ["Failed"]
        never.weight = 1000
        let table = StageTable([often, never, seldom])
        var random = SeededRandom(seed: 7)
        let draws = (0..<1000).compactMap { _ in table.next(for: pod("Pending"), &random) }
        #expect(draws.count == 1000 && !draws.contains(1))
        #expect((50...150).contains(draws.count { $0 == 2 }))
    }

    @Test func `a condition that a pod lacks is Unknown, and labels select`() {
        var condition = Stage.Condition()
        condition.conditions = ["Ready": "Unknown"]
        #expect(condition.matches(pod("Running")))
        condition.conditions = ["Ready": "True"]
        #expect(!condition.matches(pod("Running")))
        condition = Stage.Condition()
        condition.labels = try? Selector(parsing: "app in (a,b)")
        #expect(condition.matches(pod("Running", labels: ["app": "a"])))
        #expect(!condition.matches(pod("Running", labels: ["app": "c"])))
    }

    @Test func `a file says what nodes are like and how pods live`() throws {
        let text = """
            apiVersion: swiftlet.dev/v1
            kind: SimulatedNodes
            node:
              capacity: {cpu: 8, memory: 16Gi, example.com/gpu: "4"}
              labels: {disk: ssd}
              zones: [north]
              heartbeat: 20s
            stages:
            - name: crash
              when: {phase: Running, owner: [ReplicaSet, DaemonSet], conditions: {Ready: "True"}}
              delay: 1.5m
              jitter: 500ms
              weight: 2
              do: {restart: true, exitCode: 137, event: {type: Warning, reason: Crashed, message: it has}}
            - name: go
              when: {deleted: true}
              do: {delete: true}
            """
        let file = try StageFile.read(Array(text.utf8), file: "f.yaml")
        #expect(file.template.capacity["cpu"] == Quantity(8) && file.template.capacity["example.com/gpu"] == Quantity(4))
        #expect(file.template.capacity["pods"] == Quantity(110))
        #expect(file.template.zones == ["north"] && file.template.labels == ["disk": "ssd"])
        #expect(file.template.heartbeat == .seconds(20))
        let crash = file.stages.stages[0]
        #expect(crash.delay == .seconds(90) && crash.jitter == .milliseconds(500) && crash.weight == 2)
        #expect(crash.condition.owners == ["ReplicaSet", "DaemonSet"] && crash.condition.conditions == ["Ready": "True"])
        #expect(crash.effect.restarts && crash.effect.exitCode == 137 && crash.effect.event?.reason == "Crashed")
        #expect(file.stages.stages[1].effect.deletes && file.stages.stages[1].condition.isDeleted)
    }

    @Test func `what is wrong with a file is told with its line, all of it`() {
        let text = """
            apiVersion: swiftlet.dev/v1
            kind: SimulatedNode
            node: {heartbeat: soon}
            stages:
            - name: a
              when: {fase: Running, phase: Walking}
              do: {phase: Running, status: {podIPs: {}}}
            - name: b
              weight: 0
            """
        #expect {
            try StageFile.read(Array(text.utf8), file: "f.yaml")
        } throws: { error in
            let lines = (error as? StageFileError)?.lines ?? []
            let expected = [
                "f.yaml:2: kind: must be SimulatedNodes", "f.yaml:3: node.heartbeat: \"soon\" is no time span",
                "f.yaml:6: stages[0].when.fase: is no field", "f.yaml:6: stages[0].when.phase: Walking is none of",
                "f.yaml:7: stages[0].do.status.podIPs: ", "f.yaml:9: stages[1].weight: must be", "f.yaml:8: stages[1].do: is missing",
            ]
            for wanted in expected { #expect(lines.contains { $0.hasPrefix(wanted) }, "\(wanted) in \(lines)") }
            return lines.count == expected.count
        }
    }
}
