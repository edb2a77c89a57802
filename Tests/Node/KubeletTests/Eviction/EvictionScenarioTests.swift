import APIMachinery
import CRI
import KubernetesAPI
import Synchronization
import Testing

@testable import Kubelet

/// A node whose memory and disk the test decides on.
private final class Machine: Sendable {
    struct State: Sendable {
        var available: [EvictionSignal: Int64] = [.memoryAvailable: 1 << 30, .nodefsAvailable: 1 << 30]
        var usage: [PodUID: PodConsumption] = [:]
        var readings: Int64 = 0
    }
    let state = Mutex(State())

    var sensors: EvictionSensors {
        EvictionSensors(
            node: { [self] in
                state.withLock { state in
                    state.readings += 1
                    let time = Duration.seconds(state.readings)
                    return .init(state.available.mapValues { .init(available: $0, capacity: 2 << 30, time: time) })
                }
            }, pods: { [self] in state.withLock { $0.usage } })
    }

    func set(_ signal: EvictionSignal, _ available: Int64) { state.withLock { $0.available[signal] = available } }

    func use(_ pod: String, memory: Int64 = 0, volume: Int64 = 0) {
        var usage = PodConsumption()
        usage.workingSetBytes = memory
        usage.containers = [.init(name: "app", workingSetBytes: memory, rootfs: .init(), logs: .init())]
        usage.volumes = ["v": .init(bytes: volume)]
        state.withLock { [usage] in $0.usage[pod] = usage }
    }

    func setup(_ change: @escaping @Sendable (inout KubeletConfiguration) -> Void = { _ in }) -> SimulationSetup {
        var setup = SimulationSetup()
        setup.containers = { _, _ in ContainerScript(stop: .exits(after: .milliseconds(800), code: 143)) }
        setup.evictionSensors = sensors
        setup.configure = { configuration in
            configuration.evictsPods = true
            configuration.eviction.hard = [.memoryAvailable: .quantity(Quantity(100 << 20)), .nodefsAvailable: .percent(10)]
            configuration.eviction.pressureTransitionPeriod = .seconds(60)
            change(&configuration)
        }
        return setup
    }
}

struct EvictionScenarioTests {
    @Test func `memory runs short: the pod that exceeds its request most is ended, and only one at a time`() async throws {
        let machine = Machine()
        machine.use("greedy", memory: 900 << 20)
        machine.use("modest", memory: 10 << 20)
        let critical = makePod("critical") { $0.spec.priority = 2_000_000_000 }
        machine.use("critical", memory: 2 << 30)
        try await simulate([makePod("greedy"), makePod("modest"), critical], machine.setup()) { node in
            try await node.sleep(until: 15)
            #expect(node.status("greedy").phase == "Running")
            machine.set(.memoryAvailable, 80 << 20)
            try await node.sleep(until: 20.5)
            machine.set(.memoryAvailable, 1 << 30)
            try await node.sleep(until: 25)
            let status = node.status("greedy")
            let message =
                "The node was low on resource: memory. Threshold quantity: 104857600, available: 80Mi. "
                + "Container app was using 900Mi, request is 0, has larger consumption of memory. "
            #expect("\(status.phase ?? "") \(status.reason ?? "")" == "Failed Evicted")
            #expect(status.message == message)
            let condition = status.conditions.first { $0.type == "DisruptionTarget" }
            #expect("\(condition?.status ?? "") \(condition?.reason ?? "")" == "True TerminationByKubelet")
            #expect(condition?.message == message)
            #expect(status.containerStatuses.first?.state.terminated?.exitCode == 143)
            #expect(node.recorder.texts.filter { $0.hasPrefix("Evicted: ") } == ["Evicted: \(message)"])
            #expect(["modest", "critical"].map { node.status($0).phase } == ["Running", "Running"])
            #expect(node.kubelet.health.current.hasMemoryPressure)
            try await node.sleep(until: 95)
            #expect(!node.kubelet.health.current.hasMemoryPressure)
            #expect(node.status("modest").phase == "Running")
        }
    }

    @Test func `the node tells that it reclaims, and refuses pods while it is short`() async throws {
        let machine = Machine()
        machine.set(.nodefsAvailable, 1 << 20)
        let events = Mutex<[String]>([])
        let latecomer = makePod("latecomer")
        try await simulate([], machine.setup()) { node in
            node.kubelet.followNodeEvents { event in
                events.withLock { $0.append("\(event.kind.rawValue) \(event.reason): \(event.message)") }
            }
            try await node.sleep(until: 5)
            node.kubelet.addPods([latecomer])
            try await node.sleep(until: 6)
            let status = node.status("latecomer")
            #expect("\(status.phase ?? "") \(status.reason ?? "")" == "Failed Evicted")
            #expect(status.message == "Pod was rejected: The node had condition: [DiskPressure]. ")
        }
        #expect(events.withLock { $0.contains("Warning EvictionThresholdMet: Attempting to reclaim ephemeral-storage") })
    }

    @Test func `a volume over its limit ends its pod, whatever the node has left`() async throws {
        let machine = Machine()
        machine.use("full", volume: 3_000)
        let pod = makePod("full") { pod in
            pod.spec.volumes = [
                Volume {
                    $0.name = "v"
                    $0.emptyDir = EmptyDirVolumeSource { $0.sizeLimit = Quantity(2_048) }
                }
            ]
        }
        try await simulate([pod], machine.setup()) { node in
            try await node.sleep(until: 25)
            let status = node.status("full")
            #expect("\(status.phase ?? "") \(status.reason ?? "")" == "Failed Evicted")
            #expect(status.message == "Usage of EmptyDir volume \"v\" exceeds the limit \"2048\". ")
            #expect(!status.conditions.contains { $0.type == "DisruptionTarget" })
        }
    }

    @Test func `a soft threshold gives a pod its time`() async throws {
        let machine = Machine()
        machine.use("p", memory: 900 << 20)
        var setup = machine.setup {
            $0.eviction.hard = [:]
            $0.eviction.soft = [.memoryAvailable: .quantity(Quantity(100 << 20))]
            $0.eviction.softGracePeriods = [.memoryAvailable: .seconds(25)]
            $0.eviction.maxPodGracePeriodSeconds = 7
        }
        setup.containers = { _, _ in ContainerScript(stop: .ignores) }
        try await simulate([makePod("p")], setup) { node in
            try await node.sleep(until: 1)
            machine.set(.memoryAvailable, 1)
            // Seen at 10 s, acted on at 40 s, when 25 s have passed; then 7 s to end.
            try await node.sleep(until: 39)
            #expect(node.recorder.texts.allSatisfy { !$0.hasPrefix("Evicted") })
            try await node.sleep(until: 44)
            #expect(node.status("p").phase == "Running")
            #expect(node.status("p").conditions.contains { $0.type == "DisruptionTarget" })
            try await node.sleep(until: 50)
            #expect(node.status("p").phase == "Failed")
        }
    }
}
