import APIMachinery
import CRI
import KubernetesAPI
import Testing

@testable import Kubelet

@Suite struct PodPhaseTests {
    /// `R` running, `W` waiting, `B` waiting with an end before (exit 1), digits: ended with that code.
    static func status(_ name: String, _ letter: Character) -> APIContainerStatus {
        APIContainerStatus { status in
            status.name = name
            switch letter {
            case "R":
                status.state.running = ContainerStateRunning()
                (status.started, status.ready) = (true, true)
            case "W": status.state.waiting = ContainerStateWaiting()
            case "B":
                status.state.waiting = ContainerStateWaiting { $0.reason = "CrashLoopBackOff" }
                status.lastState.terminated = ContainerStateTerminated { $0.exitCode = 1 }
            default: status.state.terminated = ContainerStateTerminated { $0.exitCode = Int32(String(letter)) ?? 0 }
            }
        }
    }

    @Test(arguments: [
        // statuses of init containers i.., sidecars s.., regular ones; policy; the pod is over; phase
        ("", "", "RR", "Always", false, "Running"), ("", "", "RW", "Always", false, "Pending"), ("", "", "R0", "Never", false, "Running"),
        ("", "", "00", "Never", false, "Succeeded"), ("", "", "01", "Never", false, "Failed"),
        ("", "", "00", "OnFailure", false, "Succeeded"),
        ("", "", "01", "OnFailure", false, "Running"), ("", "", "00", "Always", false, "Running"),
        ("", "", "00", "Always", true, "Succeeded"),
        ("", "", "01", "Always", true, "Failed"), ("", "", "B", "Always", false, "Running"), ("", "", "RB", "Always", false, "Running"),
        ("", "", "0B", "OnFailure", false, "Running"), ("R", "", "W", "Always", false, "Pending"),
        ("0", "", "W", "Always", false, "Pending"),
        ("1", "", "W", "Always", false, "Pending"), ("1", "", "W", "Never", false, "Failed"), ("B", "", "W", "Always", false, "Pending"),
        ("0", "", "R", "Always", false, "Running"), ("", "R", "R", "Always", false, "Running"), ("", "W", "W", "Always", false, "Pending"),
        ("", "1", "R", "Always", false, "Running"), ("", "B", "R", "Always", false, "Running"), ("", "0", "0", "Never", false, "Succeeded"),
        ("", "R", "0", "Never", false, "Running"), ("", "1", "0", "Never", true, "Succeeded"),
    ])
    func `phases`(initial: String, sidecars: String, regular: String, policy: String, over: Bool, phase: String) {
        let pod = makePod("p", containers: regular.indices.map { "c\($0.utf16Offset(in: regular))" }) {
            $0.spec.restartPolicy = policy
            $0.spec.initContainers =
                initial.indices.map { makeContainer("i\($0.utf16Offset(in: initial))") }
                + sidecars.indices.map { makeSidecar("s\($0.utf16Offset(in: sidecars))") }
        }
        let statuses =
            initial.enumerated().map { Self.status("i\($0)", $1) } + sidecars.enumerated().map { Self.status("s\($0)", $1) }
            + regular.enumerated().map { Self.status("c\($0)", $1) }
        let byName = Dictionary(uniqueKeysWithValues: statuses.map { ($0.name, $0) })
        let initialized = PodConditions.hasAnyRegularContainerStarted(pod, byName)
        #expect(PodPhase.compute(pod, statuses, isTerminal: over, hasInitialized: initialized).rawValue == phase)
    }

    @Test func `without statuses a pod is pending`() {
        #expect(PodPhase.compute(makePod("p"), [], isTerminal: false, hasInitialized: false) == .pending)
    }

    @Test func `readiness gates`() {
        let pod = makePod("p") {
            $0.spec.readinessGates = [PodReadinessGate { $0.conditionType = "x/a" }, PodReadinessGate { $0.conditionType = "x/b" }]
        }
        let old = [PodCondition { ($0.type, $0.status) = ("x/b", "False") }]
        let conditions = PodConditions.all(
            pod, statuses: [Self.status("app", "R")], phase: .running, hasReadySandbox: true, old: old, now: Timestamp(seconds: 100))
        #expect(conditions.map(\.type) == ["x/b", "PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"])
        let ready = conditions.first { $0.type == "Ready" }
        #expect(ready?.reason == "ReadinessGatesNotReady")
        #expect(
            ready?.message == "corresponding condition of pod readiness gate \"x/a\" does not exist., "
                + "the status of pod readiness gate \"x/b\" is not \"True\", but False")
    }

    @Test func `a condition keeps its time while it keeps its status`() {
        let pod = makePod("p")
        let first = PodConditions.all(
            pod, statuses: [Self.status("app", "W")], phase: .pending, hasReadySandbox: false, old: [], now: Timestamp(seconds: 100))
        let second = PodConditions.all(
            pod, statuses: [Self.status("app", "R")], phase: .running, hasReadySandbox: true, old: first, now: Timestamp(seconds: 200))
        #expect(second.map { $0.lastTransitionTime?.seconds } == [200, 100, 200, 200, 100])
    }
}

struct LimitsConditionTests {
    private func container(_ unenforced: [String]) -> RuntimeContainer {
        var container = RuntimeContainer(
            id: "1", sandboxID: "s", metadata: .init(name: "app"), state: .running, createdAt: 1, image: .init(image: "i"))
        container.unenforced = unenforced
        return container
    }

    private func status(_ pod: [String], _ container: [String], old: PodStatus = PodStatus()) -> PodStatus {
        let runtime = PodRuntimeStatus(sandboxes: [], containers: [self.container(container)])
        var builder = PodStatusBuilder(makePod("p"), runtime, old: old, now: Timestamp(seconds: old.conditions.isEmpty ? 100 : 200))
        builder.unenforced = pod
        return builder.build()
    }

    @Test func `what a machine cannot give stands in the pod's status`() throws {
        let status = status(["memory.max 1 is missing"], ["cpu.max 2 is missing"])
        let condition = try #require(status.conditions.last)
        #expect(condition.type == "swiftlet.dev/LimitsEnforced" && condition.status == "False" && condition.reason == "NotEnforced")
        #expect(LimitsCondition.lines(in: status) == ["memory.max 1 is missing", "container app: cpu.max 2 is missing"])
    }

    @Test func `a pod that has all that it asks for has no such condition`() {
        #expect(status([], []).conditions.map(\.type) == Array(PodConditions.owned.prefix(5)))
        #expect(LimitsCondition.lines(in: status([], [])) == [])
    }

    @Test func `it stays, with its time, when the runtime has forgotten`() {
        let first = status(["a"], [])
        let second = status([], [], old: first)
        #expect(second.conditions.last == first.conditions.last)
    }
}
