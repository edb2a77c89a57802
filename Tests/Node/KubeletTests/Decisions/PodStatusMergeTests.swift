import APIMachinery
import KubernetesAPI
import Testing

@testable import Kubelet

struct PodStatusMergeTests {
    private func condition(_ type: String, _ status: String) -> PodCondition {
        PodCondition {
            $0.type = type
            $0.status = status
        }
    }

    private func status(_ phase: String, _ conditions: PodCondition...) -> PodStatus {
        PodStatus {
            $0.phase = phase
            $0.conditions = conditions
        }
    }

    private func text(_ status: PodStatus) -> String {
        "\(status.phase ?? "") " + status.conditions.map { "\($0.type)=\($0.status)" }.joined(separator: " ")
    }

    @Test func `own conditions are told, those of others stay as the server has them`() {
        let own = status("Running", condition("gate", "False"), condition("Ready", "True"))
        let told = status("Pending", condition("Ready", "False"), condition("gate", "True"), condition("other", "Unknown"))
        #expect(text(PodStatusMerge.merged(own, into: told)) == "Running gate=True other=Unknown Ready=True")
    }

    @Test func `a condition that others have taken away does not come back`() {
        let own = status("Running", condition("gate", "True"), condition("Ready", "True"))
        #expect(text(PodStatusMerge.merged(own, into: status("Running", condition("Ready", "True")))) == "Running Ready=True")
    }

    @Test func `a disruption is told by whoever knows of it`() {
        let disrupted = condition("DisruptionTarget", "True")
        #expect(text(PodStatusMerge.merged(status("Failed", disrupted), into: status("Running"))) == "Failed DisruptionTarget=True")
        #expect(text(PodStatusMerge.merged(status("Running"), into: status("Running", disrupted))) == "Running DisruptionTarget=True")
    }

    @Test(arguments: [
        ("Running", "Failed", "Failed"), ("Running", "Succeeded", "Succeeded"), ("Failed", "Running", "Failed"),
        ("Succeeded", "Failed", "Succeeded"), ("Running", "Pending", "Running"),
    ])
    func `an end that others declare is an end; the agent's own wins`(own: String, told: String, expected: String) {
        #expect(PodStatusMerge.merged(status(own), into: status(told)).phase == expected)
    }

    @Test func `what is not the agent's stays`() {
        let told = PodStatus {
            $0.nominatedNodeName = "other"
            $0.qosClass = "Burstable"
            $0.startTime = Timestamp(seconds: 5, nanoseconds: 0)
        }
        let merged = PodStatusMerge.merged(PodStatus { $0.qosClass = "BestEffort" }, into: told)
        #expect(merged.nominatedNodeName == "other")
        #expect(merged.qosClass == "Burstable")
        #expect(merged.startTime?.seconds == 5)
    }

    @Test func `the patch holds for this object alone, turns one status into the other, and is none when nothing changes`() throws {
        var object = makePod("p")
        object.status = PodStatus { status in
            status.phase = "Pending"
            status.conditions = [condition("Ready", "False"), condition("gate", "True")]
            status.podIPs = [PodIP { $0.ip = "192.0.2.1" }]
            status.podIP = "192.0.2.1"
            status.message = "gone"
        }
        let own = PodStatus { status in
            status.phase = "Running"
            status.conditions = [condition("Ready", "True"), condition("Initialized", "True")]
            status.podIPs = [PodIP { $0.ip = "192.0.2.2" }]
            status.podIP = "192.0.2.2"
        }
        let patch = try #require(StatusPatch.of(own, for: object))
        #expect(patch["metadata"] == ["uid": "p"])
        #expect(patch["status"]?["message"] == .null)
        let result = try StrategicMergePatch().apply(patch, to: object.json, type: "core/v1.Pod")
        let patched = try #require(Pod.decode(result, options: .lenient).object)
        #expect(patched.status.podIPs.map(\.ip) == ["192.0.2.2"])
        #expect(Set(patched.status.conditions.map { "\($0.type)=\($0.status)" }) == ["Ready=True", "gate=True", "Initialized=True"])
        #expect(patched.status.phase == "Running")
        #expect(StatusPatch.of(own, for: patched) == nil)
    }
}
