import APIMachinery
import KubernetesAPI
import Testing

@testable import Kubelet

private func quantity(_ text: String) -> Quantity { (try? Quantity(parsing: text)) ?? .zero }

private func observed(_ available: Int64, of capacity: Int64 = 1_000, at seconds: Int64) -> [EvictionSignal: SignalObservation] {
    [.memoryAvailable: SignalObservation(available: available, capacity: capacity, time: .seconds(seconds))]
}

struct EvictionThresholdTests {
    @Test func `what a configuration says becomes thresholds`() {
        var settings = EvictionSettings()
        settings.hard = [.memoryAvailable: .quantity(quantity("100Mi")), .containerfsAvailable: .percent(3)]
        settings.soft = [.nodefsAvailable: .percent(20)]
        settings.softGracePeriods = [.nodefsAvailable: .seconds(90)]
        settings.minimumReclaim = [.memoryAvailable: .quantity(quantity("1Mi"))]
        let lines = settings.thresholds(coversAllocatable: true).map {
            "\($0.signal.rawValue) \($0.amount.text) \($0.isHard ? "hard" : $0.gracePeriod.goText) \($0.minimumReclaim?.text ?? "-")"
        }
        #expect(
            lines == [
                "memory.available 100Mi hard 1Mi", "nodefs.available 20% 1m30s -", "allocatableMemory.available 100Mi hard 1Mi",
            ])
        #expect(settings.thresholds(coversAllocatable: false).count == 2)
        settings.mergesUsualHard = true
        #expect(settings.effectiveHard[.imagefsAvailable] == .percent(15))
        #expect(settings.effectiveHard[.memoryAvailable] == .quantity(quantity("100Mi")))
    }

    @Test(arguments: [
        (100, 100, false, false), (99, 100, false, true), (100, 100, true, true), (149, 100, true, true), (150, 100, true, false),
    ]) func `less than the threshold is too little, and more has to be reclaimed`(
        available: Int64, limit: Int64, withReclaim: Bool, isMet: Bool
    ) {
        let threshold = EvictionThreshold(
            signal: .memoryAvailable, amount: .quantity(Quantity(limit)), minimumReclaim: .percent(5))
        #expect(threshold.isMet(observed(available, at: 0), withReclaim: withReclaim) == isMet)
    }
}

struct EvictionStateTests {
    private let hard = EvictionThreshold(signal: .memoryAvailable, amount: .quantity(Quantity(100)))

    @Test func `pressure is told until it was not seen for the transition period`() {
        var state = EvictionState([hard], transitionPeriod: .seconds(30))
        #expect(state.observe(observed(200, at: 0), now: .seconds(0)) == .init(pressures: [], toAct: []))
        #expect(state.observe(observed(50, at: 10), now: .seconds(10)) == .init(pressures: [.memory], toAct: [hard]))
        #expect(state.observe(observed(200, at: 20), now: .seconds(20)) == .init(pressures: [.memory], toAct: []))
        #expect(state.observe(observed(200, at: 39), now: .seconds(39)).pressures == [.memory])
        #expect(state.observe(observed(200, at: 40), now: .seconds(40)).pressures == [])
    }

    @Test func `a soft threshold is acted on after its time, which begins anew when it is over`() {
        var soft = hard
        (soft.isHard, soft.gracePeriod) = (false, .seconds(20))
        var state = EvictionState([soft], transitionPeriod: .seconds(1))
        #expect(state.observe(observed(50, at: 0), now: .seconds(0)) == .init(pressures: [.memory], toAct: []))
        #expect(state.observe(observed(50, at: 10), now: .seconds(10)).toAct == [])
        #expect(state.observe(observed(150, at: 15), now: .seconds(15)).toAct == [])
        #expect(state.observe(observed(50, at: 20), now: .seconds(20)).toAct == [])
        #expect(state.observe(observed(50, at: 40), now: .seconds(40)).toAct == [soft])
    }

    @Test func `it goes on until the minimum is reclaimed, and not twice on the same figures`() {
        var threshold = hard
        threshold.minimumReclaim = .quantity(Quantity(50))
        var state = EvictionState([threshold], transitionPeriod: .seconds(1))
        #expect(state.observe(observed(120, at: 0), now: .seconds(0)).toAct == [])
        #expect(state.observe(observed(90, at: 10), now: .seconds(10)).toAct == [threshold])
        #expect(state.observe(observed(90, at: 10), now: .seconds(11)).toAct == [])
        #expect(state.observe(observed(120, at: 20), now: .seconds(20)).toAct == [threshold])
        #expect(!state.isRelieved(observed(120, at: 21)))
        #expect(state.observe(observed(150, at: 30), now: .seconds(30)).toAct == [])
        #expect(state.isRelieved(observed(150, at: 31)))
    }

    @Test func `memory is more urgent than disk`() {
        let disk = EvictionThreshold(signal: .nodefsAvailable, amount: .percent(10))
        var state = EvictionState([disk, hard], transitionPeriod: .seconds(1))
        var observations = observed(50, at: 0)
        observations[.nodefsAvailable] = .init(available: 1, capacity: 1_000, time: .zero)
        let verdict = state.observe(observations, now: .zero)
        #expect(verdict.pressures == [.memory, .disk])
        #expect(verdict.toAct == [hard, disk])
    }
}

struct EvictionRankingTests {
    private static func pod(_ name: String, priority: Int32 = 0, _ requests: [String: String] = [:]) -> Pod {
        makePod(name) { pod in
            if priority != 0 { pod.spec.priority = priority }
            pod.spec.containers[0].resources.requests = quantities(requests)
        }
    }

    private static func usage(memory: Int64 = 0, disk: Int64 = 0, logs: Int64 = 0, processes: Int64 = 0) -> PodConsumption {
        var usage = PodConsumption()
        usage.workingSetBytes = memory
        usage.processCount = processes
        usage.containers = [
            .init(name: "app", workingSetBytes: memory, rootfs: .init(bytes: disk, inodes: disk / 10), logs: .init(bytes: logs, inodes: 1))
        ]
        return usage
    }

    @Test func `who exceeds its request goes first, then the less important, then who exceeds it most`() {
        let pods = [
            Self.pod("within", ["memory": "1000"]), Self.pod("little", ["memory": "100"]), Self.pod("much", ["memory": "100"]),
            Self.pod("important", priority: 10), Self.pod("unknown", priority: 10),
        ]
        let usage = [
            "within": Self.usage(memory: 900), "little": Self.usage(memory: 150), "much": Self.usage(memory: 500),
            "important": Self.usage(memory: 9_000),
        ]
        let order = EvictionRanking.ranked(pods, usage, for: .memoryAvailable, imagesAreApart: false).map(\.name)
        #expect(order == ["much", "little", "unknown", "important", "within"])
    }

    @Test(arguments: [
        (EvictionSignal.nodefsAvailable, false, ["layer", "log"]), (.nodefsAvailable, true, ["log", "layer"]),
        (.imagefsAvailable, true, ["layer", "log"]), (.nodefsInodesFree, false, ["layer", "log"]),
        (.pidAvailable, false, ["log", "layer"]),
    ]) func `what lies on the full file system counts`(signal: EvictionSignal, imagesAreApart: Bool, expected: [String]) {
        let pods = [Self.pod("layer"), Self.pod("log")]
        let usage = ["layer": Self.usage(disk: 500, logs: 1, processes: 1), "log": Self.usage(disk: 1, logs: 100, processes: 2)]
        #expect(EvictionRanking.ranked(pods, usage, for: signal, imagesAreApart: imagesAreApart).map(\.name) == expected)
    }

    @Test(arguments: [
        (Int32(0), "api", false), (2_000_000_000, "api", true), (1_999_999_999, "api", false), (0, "file", true),
    ]) func `static pods and those of the system are critical`(priority: Int32, source: String, isCritical: Bool) {
        var pod = Self.pod("p", priority: priority)
        pod.metadata.annotations[StaticPodIdentity.sourceAnnotation] = source
        #expect(pod.isCritical == isCritical)
    }
}

struct EvictionMessageTests {
    @Test func `the message has the threshold and every container over its request`() {
        let pod = makePod("p", containers: ["a", "b", "c"]) { $0.spec.containers[1].resources.requests = quantities(["memory": "1Gi"]) }
        var usage = PodConsumption()
        usage.containers = [
            .init(name: "a", workingSetBytes: 300 << 20), .init(name: "b", workingSetBytes: 500 << 20), .init(name: "c"),
        ]
        let threshold = EvictionThreshold(signal: .memoryAvailable, amount: .quantity(quantity("100Mi")))
        let observed = SignalObservation(available: 80 << 20, capacity: 1 << 30, time: .zero)
        #expect(
            EvictionMessage.lowOnResource(threshold, observed, pod, usage)
                == "The node was low on resource: memory. Threshold quantity: 100Mi, available: 80Mi. "
                + "Container a was using 300Mi, request is 0, has larger consumption of memory. ")
    }

    @Test func `a share is told as a quantity`() {
        let threshold = EvictionThreshold(signal: .nodefsInodesFree, amount: .percent(5))
        let observed = SignalObservation(available: 7, capacity: 1_000, time: .zero)
        #expect(
            EvictionMessage.lowOnResource(threshold, observed, makePod("p"), nil)
                == "The node was low on resource: inodes. Threshold quantity: 50, available: 7. ")
    }

    @Test func `local storage is kept to its limits`() {
        let pod = makePod("p") { pod in
            pod.spec.containers[0].resources.limits = quantities(["ephemeral-storage": "1Ki"])
            pod.spec.volumes = [
                Volume {
                    $0.name = "v"
                    $0.emptyDir = EmptyDirVolumeSource { $0.sizeLimit = quantity("2Ki") }
                }
            ]
        }
        func excess(_ layer: Int64, _ logs: Int64, volume: Int64, apart: Bool = false) -> String? {
            var usage = PodConsumption()
            usage.containers = [.init(name: "app", rootfs: .init(bytes: layer), logs: .init(bytes: logs))]
            (usage.volumes, usage.localVolumes) = (["v": .init(bytes: volume)], ["v"])
            return LocalStorageLimits.excess(pod, usage, imagesAreApart: apart)
        }
        #expect(LocalStorageLimits.hasAny(pod))
        #expect(!LocalStorageLimits.hasAny(makePod("q")))
        #expect(excess(500, 500, volume: 0) == nil)
        #expect(excess(0, 0, volume: 2_049) == "Usage of EmptyDir volume \"v\" exceeds the limit \"2Ki\". ")
        #expect(excess(600, 425, volume: 0) == "Pod ephemeral local storage usage exceeds the total limit of containers 1Ki. ")
        var two = pod
        two.spec.containers.append(makeContainer("other") { $0.resources.limits = quantities(["ephemeral-storage": "1Ki"]) })
        var usage = PodConsumption()
        usage.containers = [.init(name: "app", rootfs: .init(bytes: 1_000), logs: .init(bytes: 500))]
        #expect(
            LocalStorageLimits.excess(two, usage, imagesAreApart: false)
                == "Container app exceeded its local ephemeral storage limit \"1Ki\". ")
        #expect(LocalStorageLimits.excess(two, usage, imagesAreApart: true) == nil)
    }

    @Test(arguments: [
        ([EvictionSignal.Pressure](), "-"), ([.disk], "The node had condition: [DiskPressure]. "),
        ([.memory], "The node had condition: [MemoryPressure]. "),
        ([.memory, .pid], "The node had condition: [MemoryPressure PIDPressure]. "),
    ]) func `a node under pressure takes no pods in`(pressures: [EvictionSignal.Pressure], expected: String) {
        func refusal(_ pod: Pod) -> String {
            let rejection = Admission.judge(pod, others: [], KubeletConfiguration(), pressures: pressures)
            return rejection.map { $0.reason == "Evicted" ? $0.message : $0.reason } ?? "-"
        }
        let onlyMemory = pressures == [.memory]
        #expect(refusal(makePod("p")) == expected)
        #expect(refusal(makePod("p") { $0.spec.priority = 2_000_000_000 }) == "-")
        let burstable = makePod("p") { $0.spec.containers[0].resources.requests = quantities(["memory": "1Mi"]) }
        #expect(refusal(burstable) == (onlyMemory ? "-" : expected))
        let tolerant = makePod("p") { $0.spec.tolerations = [Toleration { $0.operator = "Exists" }] }
        #expect(refusal(tolerant) == (onlyMemory ? "-" : expected))
    }
}
