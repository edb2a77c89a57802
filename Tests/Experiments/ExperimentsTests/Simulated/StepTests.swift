import FaultInjection
import Kubelet
import Testing

@testable import Experiments

@Suite struct StepTests {
    private static func file(_ steps: String, spec: String = "containers: [{name: app, image: busybox}]", more: String = "") -> String {
        """
        apiVersion: swiftlet.dev/v1
        kind: Experiment
        metadata: {name: steps}
        duration: 60s
        pods:
        - metadata: {name: web}
          spec: {\(spec)}
        steps:
        \(steps)
        \(more)
        """
    }

    private static func steps(_ text: String, spec: String = "containers: [{name: app, image: busybox}]") throws -> [Experiment.Step] {
        try ExperimentReader.read(file(text, spec: spec), file: "f", mode: .real).first?.experiment.steps ?? []
    }

    @Test(arguments: [
        ("{at: 30s, do: kill}", Experiment.Step.Trigger.at(.seconds(30)), Experiment.Fault.signal(9)),
        (
            "{on: 3rd liveness probe, do: slow, takes: 2s, for: 1s}", .onProbe(.liveness, number: 3),
            .health(.slow(.seconds(2)), .seconds(1))
        ),
        ("{before: sandbox network, do: fail, message: broken}", .before(.sandbox, times: 1), .fail("broken")),
        ("{before: start app, do: wait, takes: 3s, times: 2}", .before(.start, times: 2), .wait(.seconds(3))),
        ("{at: 1s, do: freeze, for: 2s}", .at(.seconds(1)), .kernel(.freeze, .seconds(2))),
        ("{at: 1s, do: memory, max: 16Mi}", .at(.seconds(1)), .kernel(.memory(highBytes: nil, maxBytes: 16 << 20), nil)),
        ("{at: 1s, do: cpu, percent: 3}", .at(.seconds(1)), .kernel(.cpu(percent: 3), nil)),
        (
            "{at: 1s, do: network, partition: true, for: 5s}", .at(.seconds(1)),
            .kernel(.network(NetworkFault(isPartition: true)), .seconds(5))
        ),
        (
            "{at: 1s, do: network, delay: 100ms, loss: 10%}", .at(.seconds(1)),
            .kernel(.network(NetworkFault(delay: .milliseconds(100), loss: 0.1)), nil)
        ),
        ("{at: 1s, do: node, for: 5s}", .at(.seconds(1)), .node(.seconds(5))),
    ])
    func `a step is read`(text: String, trigger: Experiment.Step.Trigger, fault: Experiment.Fault) throws {
        let step = try #require(try Self.steps("- \(text)").first)
        #expect(step.trigger == trigger)
        #expect(step.fault == fault)
        #expect(step.pod == "web")
    }

    @Test(arguments: [
        ("{at: 1s, do: exit}", "steps[0].do: \"exit\" can only be simulated"),
        ("{at: 1s, do: clock}", "steps[0].do: \"clock\" can't be done here: a time namespace"),
        ("{at: 1s, do: api}", "steps[0].do: \"api\" can't be done here"),
        ("{at: 1s, do: fail}", "steps[0].do: only goes with before"),
        ("{at: 1s, do: memory}", "steps[0]: memory needs high or max"),
        ("{at: 1s, do: full, volume: data}", "steps[0].volume: \"data\" is no emptyDir with medium: Memory"),
        ("{at: 1s, do: network}", "steps[0]: network needs one of delay"),
        ("{at: 1s, do: network, loss: 200%}", "steps[0].loss: \"200%\" must be 0% to 100%"),
        ("{on: third liveness probe, do: kill}", "names no attempt of a probe"),
        ("{before: breakfast, do: kill}", "\"breakfast\" is no point of a pod's life"),
        ("{before: start web, do: kill}", "there is no container \"web\" in pod web"),
        ("{at: 1s, before: sandbox, do: kill}", "needs one of at: 30s"),
    ])
    func `a step that makes no sense is refused with what would`(text: String, expected: String) throws {
        let error = #expect(throws: ExperimentError.self) { try Self.steps("- \(text)") }
        #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
    }

    @Test func `a program that is only simulated is no program for a real run`() throws {
        let text = Self.file("- {at: 1s, do: kill}", spec: "containers: [{name: app, image: simulated}]")
        let error = #expect(throws: ExperimentError.self) { try ExperimentReader.read(text, file: "f", mode: .real) }
        #expect(error?.description.contains("f:7: pods[0].spec.containers[0].image: a real run needs a real image") == true)
        #expect(throws: Never.self) { try ExperimentReader.read(text, file: "f", mode: .simulated) }
    }

    @Test func `a network that is the machine's own stays untouched`() {
        let error = #expect(throws: ExperimentError.self) {
            try Self.steps("- {at: 1s, do: dns}", spec: "hostNetwork: true, containers: [{name: app, image: busybox}]")
        }
        #expect(error?.description.contains("the pod has the machine's own network") == true)
    }

    // MARK: When

    @Test func `steps are due at their points, once or as often as they say`() throws {
        var triggers = StepTriggers(
            try Self.steps(
                """
                - {on: 2nd readiness probe, do: unhealthy}
                - {before: start app, do: fail, times: 2}
                - {after: app exited 1 + 3s, do: delete}
                """))
        #expect(triggers.probed("web", "app", .readiness).isEmpty)
        #expect(triggers.probed("web", "app", .liveness).isEmpty)
        #expect(triggers.probed("web", "app", .readiness).map(\.text) == ["unhealthy"])
        #expect(triggers.probed("web", "app", .readiness).isEmpty)
        #expect(triggers.reached(.start, "web", "app").map(\.text) == ["fail"])
        #expect(triggers.reached(.create, "web", "app").isEmpty)
        #expect(triggers.reached(.start, "other", "app").isEmpty)
        #expect(triggers.reached(.start, "web", "app").map(\.text) == ["fail"])
        #expect(triggers.reached(.start, "web", "app").isEmpty)
        let end = Happening(at: .seconds(1), pod: "web", container: "app", attempt: 0, what: .exited(code: 1))
        #expect(triggers.happened(end).map(\.delay) == [.seconds(3)])
        #expect(triggers.happened(end).isEmpty)
    }

    private static func simulated(_ steps: String, expect: String) async throws -> ExperimentReport {
        try await ExperimentReport.simulate(file(steps, more: "expect:\n\(expect)"), file: "f")
    }

    @Test(arguments: [
        ("- {before: sandbox network, do: fail, message: no network, times: 2}", "- {happens: event FailedCreatePodSandBox, times: 2}"),
        ("- {before: start app, do: wait, takes: 7s}", "- {starts: [7s], container: app}"),
        ("- {after: ready + 3s, do: supervisor}", "- {order: [ready, app exited 137, app#1 started, ready]}"),
        ("- {after: ready + 3s, do: daemon, for: 10s}", "- {restarts: 0, container: app}"),
        ("- {after: ready + 3s, do: node, for: 10s}", "- {happens: app#1 started, after: app exited 137, within: 10s}"),
        ("- {at: 0s, do: image, for: 15s}", "- {order: [event Failed, event BackOff, app started]}"),
    ])
    func `what is done at a point comes of it in simulated time`(step: String, expect: String) async throws {
        let report = try await Self.simulated(step, expect: expect)
        #expect(report.passed, "\(report.text)\n\(report.variants[0].results[0].outcome.happenings.map { "\($0.at) \($0)" })")
    }

    // MARK: Comparison

    private static func happenings(_ text: String) -> [Happening] {
        text.split(separator: ",").enumerated().map { index, name in
            Happening(
                at: .seconds(index), pod: "web", container: name == "ready" ? "" : String(name.split(separator: " ")[0]), attempt: 0,
                what: name == "ready" ? .ready : name.hasSuffix("started") ? .started : .exited(code: 0))
        }
    }

    @Test(arguments: [
        ("a started,b started,ready", "b started,ready,a started", true), ("a started,a exited", "a started,a exited,a started", true),
        ("a started,a exited", "a exited,a started", false), ("a started,a exited", "a started", false),
    ])
    func `each container's order counts, and not what runs beside it`(simulated: String, real: String, agrees: Bool) {
        let comparison = SequenceComparison("x", simulated: Self.happenings(simulated), real: Self.happenings(real))
        #expect(comparison.agrees == agrees, "\(comparison.text)")
        #expect(comparison.text.contains("do NOT agree") == !agrees)
    }
}
