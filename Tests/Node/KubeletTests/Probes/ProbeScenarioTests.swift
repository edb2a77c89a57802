import APIMachinery
import CRI
import KubernetesAPI
import Testing

@testable import Kubelet

/// Probes and restarts under the virtual clock: what happens, and when, to the second.
struct ProbeScenario: Sendable, CustomTestStringConvertible {
    var name: String
    var until: Double
    var pod: Pod
    var script: @Sendable (ContainerMetadata) -> ContainerScript = { _ in ContainerScript(stop: .exits(after: .zero, code: 0)) }
    /// Starts, ends and readiness: `0 start app#0`, `3 ready`, `5 exit app#0 0`.
    var expected: [String]
    /// `reason: message` with how often.
    var events: [String: Int] = [:]
    var testDescription: String { name }
}

private func exec(_ word: String) -> (inout Probe) -> Void { { $0.exec = ExecAction { $0.command = [word] } } }
private func http(_ path: String, _ port: Int32 = 80) -> (inout Probe) -> Void {
    {
        $0.httpGet = HTTPGetAction {
            $0.path = path
            $0.port = .int(port)
        }
    }
}

private func probe(_ handler: (inout Probe) -> Void, period: Int32 = 1, failures: Int32 = 1, _ change: (inout Probe) -> Void = { _ in })
    -> Probe
{
    var probe = Probe()
    probe.periodSeconds = period
    probe.failureThreshold = failures
    probe.timeoutSeconds = 1
    handler(&probe)
    change(&probe)
    return probe
}

/// A pod of one container `app` with two seconds of grace.
private func pod(_ change: (inout Container) -> Void) -> Pod {
    makePod("p") {
        $0.spec.terminationGracePeriodSeconds = 2
        change(&$0.spec.containers[0])
    }
}

/// A container whose command `check` fails between two times since its start.
private func failing(from begin: Double, to end: Double = .infinity) -> @Sendable (ContainerMetadata) -> ContainerScript {
    { _ in
        var script = ContainerScript(stop: .exits(after: .zero, code: 0))
        script.command = { _, time in
            let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
            return ContainerScript.Command(exitCode: begin <= seconds && seconds < end ? 1 : 0, output: "sick\n")
        }
        return script
    }
}

private func answering(_ reply: @escaping @Sendable (NetworkQuestion) -> NetworkReply) -> @Sendable (ContainerMetadata) -> ContainerScript {
    { _ in
        var script = ContainerScript(stop: .exits(after: .zero, code: 0))
        script.network = reply
        return script
    }
}

private let scenarios: [ProbeScenario] = [
    ProbeScenario(
        name: "readiness comes at the first tick after the delay", until: 10,
        pod: pod { $0.readinessProbe = probe(exec("check"), period: 2) { $0.initialDelaySeconds = 3 } },
        expected: ["0 start app#0", "3 ready"]),
    ProbeScenario(
        name: "readiness goes and comes with its thresholds", until: 20,
        pod: pod { $0.readinessProbe = probe(exec("check"), failures: 2) { $0.successThreshold = 3 } },
        script: failing(from: 5, to: 10),
        // Successes at 0, 1, 2; failures from 5 on; successes from 10 on.
        expected: ["0 start app#0", "2 ready", "6 unready", "12 ready"], events: ["Unhealthy: Readiness probe failed: sick\n": 5]),
    ProbeScenario(
        name: "a failing liveness probe restarts the container, and again after its back-off", until: 25,
        pod: pod { $0.livenessProbe = probe(exec("check"), failures: 3) }, script: failing(from: 0),
        // Failures at 0, 1, 2 of each instance; the first restart is free, the next waits 10 s for the end of the instance before.
        expected: [
            "0 start app#0", "0 ready", "2 exit app#0 0", "2 start app#1", "4 exit app#1 0", "4 start app#2", "6 exit app#2 0", "6 unready",
            "16 start app#3", "16 ready", "18 exit app#3 0", "18 unready",
        ],
        events: ["Killing: Container app failed liveness probe, will be restarted": 4]),
    ProbeScenario(
        name: "liveness with policy Never ends the pod", until: 10,
        pod: makePod("p") {
            $0.spec.restartPolicy = "Never"
            $0.spec.terminationGracePeriodSeconds = 2
            $0.spec.containers[0].livenessProbe = probe(exec("check"), failures: 2)
        },
        script: failing(from: 3), expected: ["0 start app#0", "0 ready", "4 exit app#0 0", "4 unready"],
        events: ["Unhealthy: Liveness probe failed: sick\n": 2, "Killing: Stopping container app": 1]),
    ProbeScenario(
        name: "the probe's own grace period", until: 6,
        pod: pod { $0.livenessProbe = probe(exec("check")) { $0.terminationGracePeriodSeconds = 4 } },
        script: { _ in
            var script = failing(from: 1)(ContainerMetadata(name: "app"))
            script.stop = .ignores
            return script
        },
        expected: ["0 start app#0", "0 ready", "5 exit app#0 137", "5 start app#1"]),
    ProbeScenario(
        name: "nothing else is asked before the startup probe has succeeded", until: 12,
        pod: pod {
            $0.startupProbe = probe(exec("started"), failures: 10)
            $0.livenessProbe = probe(exec("alive"))
            $0.readinessProbe = probe(exec("ready"))
        },
        script: { _ in
            var script = ContainerScript()
            script.command = { line, time in ContainerScript.Command(exitCode: line == "started" && time < .seconds(4) ? 1 : 0) }
            return script
        },
        expected: ["0 start app#0", "4 ready"], events: ["Unhealthy: Startup probe failed: ": 4]),
    ProbeScenario(
        name: "a start that takes too long begins again", until: 8,
        pod: pod { $0.startupProbe = probe(exec("check"), failures: 3) }, script: failing(from: 0),
        expected: ["0 start app#0", "2 exit app#0 0", "2 start app#1", "4 exit app#1 0", "4 start app#2", "6 exit app#2 0"],
        events: ["Killing: Container app failed startup probe, will be restarted": 3]),
    ProbeScenario(
        name: "an attempt out of time is a failure, and the ticks that it missed are made up for once", until: 6.5,
        pod: pod { $0.readinessProbe = probe(exec("slow")) { $0.timeoutSeconds = 2 } },
        script: { _ in
            var script = ContainerScript()
            script.commands["slow"] = .init(duration: .seconds(100))
            return script
        },
        expected: ["0 start app#0"], events: ["Unhealthy: Readiness probe failed: command timed out: \"slow\" timed out after 2s": 3]),
    ProbeScenario(
        name: "HTTP by status", until: 12, pod: pod { $0.readinessProbe = probe(http("/healthz")) },
        script: answering { question in
            switch question.time {
            case ..<(.seconds(2)): NetworkReply(.refuses)
            case ..<(.seconds(4)): NetworkReply(.http(status: 503))
            case ..<(.seconds(6)): NetworkReply(.http(status: 200))
            case ..<(.seconds(8)): NetworkReply(.http(status: 302, location: "/elsewhere"))
            case ..<(.seconds(10)): NetworkReply(.http(status: 302, body: "gone", location: "http://other.example/"))
            default: NetworkReply(.silent)
            }
        },
        expected: ["0 start app#0", "4 ready", "6 unready", "8 ready", "11 unready"],
        events: [
            "Unhealthy: Readiness probe failed: Get \"http://10.0.0.2:80/healthz\": dial tcp 10.0.0.2:80: connect: connection refused": 2,
            "Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 503": 2,
            "Unhealthy: Readiness probe failed: Get \"/elsewhere\": stopped after 10 redirects": 2,
            "ProbeWarning: Readiness probe warning: Probe terminated redirects, Response body: gone": 2,
        ]),
    ProbeScenario(
        name: "gRPC health", until: 6,
        pod: pod {
            $0.readinessProbe = probe({
                $0.grpc = GRPCAction {
                    $0.port = 5000
                    $0.service = "s"
                }
            })
        },
        script: answering { NetworkReply($0.path == "s" && $0.port == 5000 ? .health($0.time < .seconds(3) ? 2 : 1) : .refuses) },
        expected: ["0 start app#0", "3 ready"],
        events: ["Unhealthy: Readiness probe failed: service unhealthy (responded with \"NOT_SERVING\")": 3]),
    ProbeScenario(
        name: "a port by its name", until: 3,
        pod: pod {
            $0.ports = [
                ContainerPort {
                    $0.name = "web"
                    $0.containerPort = 8080
                }
            ]
            $0.readinessProbe = probe({ $0.tcpSocket = TCPSocketAction { $0.port = .string("web") } })
            $0.livenessProbe = probe({ $0.tcpSocket = TCPSocketAction { $0.port = .string("nope") } })
        },
        script: answering { NetworkReply($0.port == 8080 ? .accepts : .refuses) }, expected: ["0 start app#0", "0 ready"],
        events: ["Unhealthy: Liveness probe errored and resulted in unknown state: couldn't find port: nope": 3]),
    ProbeScenario(
        name: "periods below a second by annotation", until: 2,
        pod: {
            var pod = pod { $0.readinessProbe = probe(exec("check"), failures: 3) }
            pod.metadata.annotations["probe.swiftlet.dev/app.readiness-period"] = "200ms"
            return pod
        }(),
        script: failing(from: 1), expected: ["0 start app#0", "0 ready", "1.400 unready"],
        events: ["Unhealthy: Readiness probe failed: sick\n": 5]),
    ProbeScenario(
        name: "a sidecar's startup probe holds up the next container", until: 8,
        pod: makePod("p") {
            var sidecar = makeSidecar("side")
            sidecar.startupProbe = probe(exec("check"), failures: 10)
            $0.spec.initContainers = [sidecar]
        },
        script: { $0.name == "side" ? failing(from: 0, to: 3)($0) : .runsForever },
        expected: ["0 start side#0", "3 start app#0", "3 ready"]),
    ProbeScenario(
        name: "a sidecar's liveness", until: 6,
        pod: makePod("p") {
            var sidecar = makeSidecar("side")
            sidecar.livenessProbe = probe(exec("check"))
            $0.spec.initContainers = [sidecar]
        },
        script: { $0.name == "side" && $0.attempt == 0 ? failing(from: 2)($0) : ContainerScript(stop: .exits(after: .zero, code: 0)) },
        expected: ["0 start side#0", "0 start app#0", "0 ready", "2 exit side#0 0", "2 start side#1"],
        events: ["Killing: Init container side failed liveness probe": 1]),
]

@Suite struct ProbeScenarioTests {
    @Test(arguments: scenarios) func `goes as expected`(scenario: ProbeScenario) async throws {
        var setup = SimulationSetup()
        setup.containers = { _, container in scenario.script(container) }
        try await simulate([scenario.pod], setup) { node in
            let lines = try await node.history(of: "p", until: scenario.until)
            #expect(lines == scenario.expected)
            for (text, count) in scenario.events { #expect(node.recorder.texts.count { $0 == text } == count, "\(text)") }
        }
    }

    /// The same script twice gives the same history, to the last event.
    @Test(arguments: scenarios.prefix(3)) func `goes the same way again`(scenario: ProbeScenario) async throws {
        func texts() async throws -> [String] {
            let result = OneShot<[String]>()
            var setup = SimulationSetup()
            setup.containers = { _, container in scenario.script(container) }
            try await simulate([scenario.pod], setup) { node in
                try await node.sleep(until: scenario.until)
                result.set(node.recorder.texts + node.runtime.journal.map(\.description))
            }
            return await result.wait()
        }
        #expect(try await texts() == texts())
    }
}

extension SimulatedNode {
    /// Starts and ends of containers, and the pod's readiness, with their seconds.
    func history(of uid: PodUID, until end: Double) async throws -> [String] {
        let changes = ReadyChanges()
        let updates = kubelet.statusUpdates()
        let clock = clock
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { for await pod in updates { changes.add(pod, clock.elapsed) } }
            try await sleep(until: end)
            group.cancelAll()
        }
        let journal = runtime.journal.compactMap { entry -> (Duration, String)? in
            let words = entry.text.split(separator: " ")
            guard ["start", "exit"].contains(words[0]) else { return nil }
            return (entry.at, ([words[0], words[1].split(separator: "/").last ?? ""] + words.dropFirst(2)).joined(separator: " "))
        }
        let all = (journal.map { ($0.0, 0, $0.1) } + changes.all.map { ($0.0, 1, $0.1) }).enumerated()
            .sorted { ($0.element.0, $0.element.1, $0.offset) < ($1.element.0, $1.element.1, $1.offset) }.map(\.element)
        return all.map { time, _, text in "\(Self.seconds(time)) \(text)" }
    }

    /// `3`, or `3.250`.
    private static func seconds(_ time: Duration) -> String {
        let milliseconds = time.wholeMilliseconds
        let rest = milliseconds % 1_000
        return "\(milliseconds / 1_000)" + (rest == 0 ? "" : ".\(String(rest + 1_000).dropFirst())")
    }
}
