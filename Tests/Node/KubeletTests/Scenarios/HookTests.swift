import CRI
import KubernetesAPI
import Testing

@testable import Kubelet

@Suite struct HookTests {
    private func pod(postStart: LifecycleHandler? = nil, preStop: LifecycleHandler? = nil, grace: Int64 = 10) -> Pod {
        makePod("p", containers: ["app", "other"]) {
            $0.spec.terminationGracePeriodSeconds = grace
            $0.spec.containers[0].lifecycle = Lifecycle {
                $0.postStart = postStart
                $0.preStop = preStop
            }
        }
    }

    private func exec(_ words: String...) -> LifecycleHandler {
        LifecycleHandler { $0.exec = ExecAction { $0.command = words } }
    }
    private func sleep(_ seconds: Int64) -> LifecycleHandler {
        LifecycleHandler { $0.sleep = SleepAction { $0.seconds = seconds } }
    }

    private func setup(_ command: String, _ behaviour: ContainerScript.Command) -> SimulationSetup {
        var setup = SimulationSetup()
        setup.containers = { _, _ in
            var script = ContainerScript(stop: .exits(after: .zero, code: 0))
            script.commands[command] = behaviour
            return script
        }
        return setup
    }

    @Test func `a failing postStart kills the container, which is tried again`() async throws {
        let pod = pod(postStart: exec("sh", "-c", "bad"))
        try await simulate([pod], setup("sh -c bad", .init(exitCode: 7, output: "bad\n"))) { node in
            try await node.sleep(until: 5)
            #expect(node.starts == ["app#0 0", "other#0 0", "app#1 1"])
            let waiting = node.status("p").containerStatuses[0].state.waiting
            #expect(waiting?.reason == "CrashLoopBackOff")
            #expect(node.recorder.reasons(of: "app").prefix(5) == ["Pulled", "Created", "Started", "FailedPostStartHook", "Killing"])
            #expect(node.recorder.texts.contains("Killing: FailedPostStartHook"))
            #expect(node.status("p").containerStatuses[0].lastState.terminated?.exitCode == 0)
        }
    }

    @Test func `the message of a failed hook has its command, its exit code and its output`() async throws {
        var setup = setup("sh -c bad", .init(exitCode: 7, output: "bad\n"))
        setup.configure = { $0.maxContainerRestartPeriod = .seconds(300) }
        let pod = pod(postStart: exec("sh", "-c", "bad"))
        try await simulate([pod], setup) { node in
            var seen: [String] = []
            let updates = node.kubelet.statusUpdates()
            await withTaskGroup(of: [String].self) { group in
                group.addTask {
                    var messages: [String] = []
                    for await pod in updates {
                        if let waiting = pod.status.containerStatuses.first?.state.waiting, waiting.reason == "PostStartHookError" {
                            messages.append(waiting.message ?? "")
                        }
                        if messages.count == 1 { break }
                    }
                    return messages
                }
                seen = await group.next() ?? []
            }
            #expect(
                seen == [
                    "Exec lifecycle hook ([sh -c bad]) for Container \"app\" in Pod \"p_default(p)\" failed - error: command 'sh -c bad' exited with 7: , message: \"bad\\n\""
                ])
        }
    }

    @Test func `postStart holds up the next container`() async throws {
        try await simulate([pod(postStart: sleep(3))]) { node in
            try await node.sleep(until: 5)
            #expect(node.starts == ["app#0 0", "other#0 3"])
        }
    }

    @Test func `a pod deleted during postStart does not wait for it`() async throws {
        try await simulate([pod(postStart: sleep(100))]) { node in
            try await node.sleep(until: 5)
            node.kubelet.delete("p")
            await node.kubelet.waitUntilRemoved("p")
            #expect(node.clock.elapsed == .seconds(5))
        }
    }

    @Test func `preStop takes its time from the grace period`() async throws {
        try await simulate([pod(preStop: sleep(4))]) { node in
            try await node.sleep(until: 1)
            node.kubelet.delete("p")
            await node.kubelet.waitUntilRemoved("p")
            #expect(node.runtime.journal.map(\.text).contains("stop p/app#0 within 6s"))
            #expect(node.runtime.journal.map(\.text).contains("stop p/other#0 within 10s"))
            #expect(node.clock.elapsed == .seconds(5))
        }
    }

    @Test func `a preStop that takes too long is left to itself`() async throws {
        try await simulate([pod(preStop: exec("long"), grace: 3)], setup("long", .init(duration: .seconds(20)))) { node in
            try await node.sleep(until: 1)
            node.kubelet.delete("p")
            await node.kubelet.waitUntilRemoved("p")
            #expect(node.runtime.journal.map(\.text).contains("stop p/app#0 within 2s"))
            #expect(node.clock.elapsed == .seconds(4))
            try await node.sleep(1)
            #expect(node.recorder.texts.contains("FailedPreStopHook: PreStopHook failed"))
        }
    }

    @Test func `a failing preStop is told and holds up nothing`() async throws {
        try await simulate([pod(preStop: exec("false"))], setup("false", .init(exitCode: 1))) { node in
            try await node.sleep(until: 1)
            node.kubelet.delete("p")
            await node.kubelet.waitUntilRemoved("p")
            #expect(node.recorder.texts.contains("FailedPreStopHook: PreStopHook failed"))
            #expect(node.clock.elapsed == .seconds(1))
        }
    }
}
