import CRI
import KubernetesAPI
import Testing

@testable import Kubelet

/// `PodActions.compute` by tables: pods with init containers `i1 i2`, a sidecar `s`, regular containers `a b`.
@Suite struct PodActionsTests {
    enum State: Sendable { case running, created, unknown, exited(Int32) }

    static func container(_ name: String, _ state: State, attempt: UInt32 = 0) -> RuntimeContainer {
        let runtimeState: CRI.ContainerState
        var code: Int32 = 0
        switch state {
        case .running: runtimeState = .running
        case .created: runtimeState = .created
        case .unknown: runtimeState = .unknown
        case .exited(let exitCode): (runtimeState, code) = (.exited, exitCode)
        }
        var status = RuntimeContainer(
            id: "\(name)#\(attempt)", sandboxID: "s0", metadata: .init(name: name, attempt: attempt), state: runtimeState,
            createdAt: Int64(attempt) + 1, image: ImageSpec(image: "fixture:1"))
        status.exitCode = code
        status.annotations[ContainerHash.annotation] = ContainerHash.of(makeContainer(name))
        return status
    }

    static func sandbox(_ attempt: UInt32 = 0, ready: Bool = true, ip: String = "10.0.0.2") -> PodSandboxStatus {
        var status = PodSandboxStatus(
            id: "s\(attempt)", metadata: .init(name: "p", uid: "p", namespace: "default", attempt: attempt),
            state: ready ? .ready : .notReady,
            createdAt: Int64(attempt))
        status.network.ip = ip
        return status
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var policy = "Always"
        var containers: [(String, State)] = []
        var expected: String
        var testDescription: String { name }
    }

    /// `kill`, `sandbox#N`, `init:…`, `start:…`, `stop:…`
    static func text(_ actions: PodActions, _ pod: Pod) -> String {
        var parts: [String] = []
        if actions.killPod { parts.append("kill") }
        if actions.createSandbox { parts.append("sandbox#\(actions.sandboxAttempt)") }
        if !actions.containersToKill.isEmpty { parts.append("stop:" + actions.containersToKill.map(\.name).joined(separator: ",")) }
        if !actions.initContainersToStart.isEmpty {
            parts.append("init:" + actions.initContainersToStart.map { pod.spec.initContainers[$0].name }.joined(separator: ","))
        }
        if !actions.containersToStart.isEmpty {
            parts.append("start:" + actions.containersToStart.map { pod.spec.containers[$0].name }.joined(separator: ","))
        }
        return parts.joined(separator: " ")
    }

    static let plain: [Case] = [
        Case(name: "fresh sandbox", expected: "start:a,b"),
        Case(name: "all running", containers: [("a", .running), ("b", .running)], expected: ""),
        Case(name: "one exited, Always", containers: [("a", .running), ("b", .exited(0))], expected: "start:b"),
        Case(name: "one exited 0, OnFailure", policy: "OnFailure", containers: [("a", .running), ("b", .exited(0))], expected: ""),
        Case(name: "one failed, OnFailure", policy: "OnFailure", containers: [("a", .running), ("b", .exited(1))], expected: "start:b"),
        Case(name: "one failed, Never", policy: "Never", containers: [("a", .running), ("b", .exited(1))], expected: ""),
        Case(name: "all done, Never", policy: "Never", containers: [("a", .exited(0)), ("b", .exited(1))], expected: "kill"),
        Case(name: "all done, OnFailure", policy: "OnFailure", containers: [("a", .exited(0)), ("b", .exited(0))], expected: "kill"),
        Case(name: "made and never started", containers: [("a", .created), ("b", .running)], expected: "start:a"),
        Case(name: "unknown", containers: [("a", .unknown), ("b", .running)], expected: "stop:a start:a"),
    ]

    @Test(arguments: plain) func `without init containers`(test: Case) {
        let pod = makePod("p", containers: ["a", "b"]) { $0.spec.restartPolicy = test.policy }
        let status = PodRuntimeStatus(sandboxes: [Self.sandbox()], containers: test.containers.map { Self.container($0.0, $0.1) })
        #expect(Self.text(.compute(pod, status), pod) == test.expected)
    }

    static let withInit: [Case] = [
        Case(name: "fresh sandbox", expected: "init:i1"),
        Case(name: "first runs", containers: [("i1", .running)], expected: ""),
        Case(name: "first done", containers: [("i1", .exited(0))], expected: "init:s"),
        Case(name: "first failed", containers: [("i1", .exited(1))], expected: "init:i1"),
        Case(name: "first failed, Never", policy: "Never", containers: [("i1", .exited(1))], expected: "kill"),
        Case(name: "first made only", containers: [("i1", .created)], expected: "init:i1"),
        Case(name: "sidecar runs", containers: [("i1", .exited(0)), ("s", .running)], expected: "init:i2"),
        Case(name: "sidecar gone before i2", containers: [("i1", .exited(0)), ("s", .exited(1))], expected: "init:s"),
        Case(name: "i2 runs", containers: [("i1", .exited(0)), ("s", .running), ("i2", .running)], expected: ""),
        Case(name: "sidecar gone, i2 runs", containers: [("s", .exited(0)), ("i2", .running)], expected: "init:s"),
        Case(name: "all done", containers: [("i1", .exited(0)), ("s", .running), ("i2", .exited(0))], expected: "start:a,b"),
        Case(name: "only the last is remembered", containers: [("s", .running), ("i2", .exited(0))], expected: "start:a,b"),
        Case(name: "sidecar lost", containers: [("i2", .exited(0))], expected: "init:s start:a,b"),
        Case(
            name: "sidecar ended while all run", containers: [("s", .exited(0)), ("i2", .exited(0)), ("a", .running), ("b", .running)],
            expected: "init:s"),
        Case(
            name: "sidecar ended, Never", policy: "Never",
            containers: [("s", .exited(0)), ("i2", .exited(0)), ("a", .running), ("b", .exited(0))],
            expected: "init:s"),
        Case(
            name: "sidecar does not keep the pod", policy: "Never",
            containers: [("s", .running), ("i2", .exited(0)), ("a", .exited(0)), ("b", .exited(0))], expected: "kill"),
        Case(name: "init records gone while all run", containers: [("s", .running), ("a", .running), ("b", .running)], expected: ""),
    ]

    @Test(arguments: withInit) func `with init containers`(test: Case) {
        let pod = makePod("p", containers: ["a", "b"]) {
            $0.spec.restartPolicy = test.policy
            $0.spec.initContainers = [makeContainer("i1"), makeSidecar("s"), makeContainer("i2")]
        }
        let status = PodRuntimeStatus(sandboxes: [Self.sandbox()], containers: test.containers.map { Self.container($0.0, $0.1) })
        #expect(Self.text(.compute(pod, status), pod) == test.expected)
    }

    @Test(
        arguments: [
            ([], [], "Always", "kill sandbox#0 start:a,b"),
            ([sandbox(0, ready: false)], [("a", .exited(0)), ("b", .exited(1))], "Always", "kill sandbox#1 start:a,b"),
            ([sandbox(0, ready: false)], [("a", .exited(0)), ("b", .exited(1))], "OnFailure", "kill sandbox#1 start:b"),
            ([sandbox(0, ready: false)], [("a", .exited(0)), ("b", .exited(0))], "OnFailure", "kill"),
            ([sandbox(0, ready: false)], [("a", .exited(0)), ("b", .exited(1))], "Never", "kill"),
            ([sandbox(0, ready: false)], [], "Never", "kill sandbox#1 start:a,b"),
            ([sandbox(0), sandbox(1)], [], "Always", "kill sandbox#2 start:a,b"),
            ([sandbox(0, ip: "")], [], "Always", "kill sandbox#1 start:a,b"),
        ] as [([PodSandboxStatus], [(String, State)], String, String)])
    func `sandboxes`(sandboxes: [PodSandboxStatus], containers: [(String, State)], policy: String, expected: String) {
        let pod = makePod("p", containers: ["a", "b"]) { $0.spec.restartPolicy = policy }
        let status = PodRuntimeStatus(sandboxes: sandboxes, containers: containers.map { Self.container($0.0, $0.1) })
        #expect(Self.text(.compute(pod, status), pod) == expected)
    }

    @Test func `another image replaces a running container, whatever the policy`() {
        let pod = makePod("p", containers: ["a", "b"]) {
            $0.spec.restartPolicy = "Never"
            $0.spec.containers[0].image = "fixture:2"
        }
        let status = PodRuntimeStatus(
            sandboxes: [Self.sandbox()], containers: [Self.container("a", .running), Self.container("b", .running)])
        let actions = PodActions.compute(pod, status)
        #expect(Self.text(actions, pod) == "stop:a start:a")
        #expect(actions.containersToKill[0].message == "Container a definition changed, will be restarted")
    }

    @Test func `a deleted pod starts nothing`() {
        let pod = makePod("p", containers: ["a"]) { $0.metadata.deletionTimestamp = .now() }
        let status = PodRuntimeStatus(sandboxes: [Self.sandbox()], containers: [Self.container("a", .exited(1))])
        #expect(PodActions.compute(pod, status).containersToStart.isEmpty)
    }
}
