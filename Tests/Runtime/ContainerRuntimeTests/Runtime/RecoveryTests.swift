import CRI
import Glibc
import LinuxSystem
import Testing

@testable import ContainerRuntime

/// A new instance on the directories of an older one, which is simply forgotten, as if it had been killed.
@Suite(.enabled(if: RuntimeFixture.isPossible), .serialized) struct RecoveryTests {
    @Test func `running, ended and created containers are found again`() async throws {
        let fixture = try await RuntimeFixture(hasNetwork: true)
        let pod = fixture.pod()
        let sandbox = try await fixture.runtime.runPodSandbox(pod)
        let before = try await fixture.runtime.podSandboxStatus(sandbox)
        let running = try await fixture.start(["/bin/sleep", "1000"], in: sandbox, pod)
        let ended = try await fixture.start(["/bin/sh", "-c", "exit 9"], in: sandbox, pod)
        let created = try await fixture.runtime.createContainer(sandbox: sandbox, fixture.container(["/bin/sh", "-c", "exit 8"]), pod)
        let failed = try await fixture.runtime.createContainer(sandbox: sandbox, fixture.container(["nosuch"]), pod)
        await #expect(throws: RuntimeError.self) { try await fixture.runtime.startContainer(failed) }
        _ = try await fixture.ended(ended)
        let pid = try await fixture.runtime.containerStatus(running).pid

        let again = try await fixture.restarted()
        #expect(try await again.podSandboxStatus(sandbox) == before)
        for id in [running, ended, created, failed] {
            #expect(try await again.containerStatus(id) == fixture.runtime.containerStatus(id))
        }
        #expect(try await again.containerStatus(running).pid == pid)
        let result = try await again.execSync(running, command: ["/bin/echo", "still here"], timeout: .seconds(20))
        #expect(result.stdout == Array("still here\n".utf8))
        try await again.startContainer(created)
        #expect(try await fixture.ended(created, of: again).exitCode == 8)
        try await again.stopContainer(running, timeout: .zero)
        #expect(try await again.containerStatus(running).exitCode == 137)
        try await fixture.expectClean(again)
    }

    @Test func `an end that nobody was there to see is told later`() async throws {
        let fixture = try await RuntimeFixture()
        let pod = fixture.pod()
        let sandbox = try await fixture.runtime.runPodSandbox(pod)
        let id = try await fixture.start(["/bin/sh", "-c", "exit 42"], in: sandbox, pod)
        _ = try await fixture.ended(id)
        // The supervisor is shut down, so that only the record on disk is left.
        try fixture.runtime.registry.sandbox(sandbox)?.connection?.client.shutdown(force: true)
        let again = try await fixture.restarted()
        let status = try await again.containerStatus(id)
        #expect(status.exitCode == 42 && status.state == .exited)
        #expect(try await again.podSandboxStatus(sandbox).state == .notReady)
        try await fixture.expectClean(again)
    }

    @Test func `a killed supervisor ends its pod, and the runtime says so`() async throws {
        let fixture = try await RuntimeFixture(hasNetwork: true)
        let events = fixture.runtime.events()
        let pod = fixture.pod()
        let sandbox = try await fixture.runtime.runPodSandbox(pod)
        let id = try await fixture.start(["/bin/sh", "-c", "sleep 1000 & sleep 1000"], in: sandbox, pod)
        let pid = try await fixture.runtime.containerStatus(id).pid
        let supervisor = try #require(fixture.runtime.registry.sandbox(sandbox)?.connection?.client.hello.pid)
        #expect(kill(supervisor, SIGKILL) == 0)
        for await event in events { if case .sandboxChanged(sandbox, pod.metadata.uid) = event { break } }
        let status = try await fixture.ended(id)
        #expect(status.exitCode == 137 && status.reason == "ContainerStatusUnknown")
        #expect(try await fixture.runtime.podSandboxStatus(sandbox).state == .notReady)
        let error = await #expect(throws: RuntimeError.self) {
            try await fixture.runtime.createContainer(sandbox: sandbox, fixture.container(["/bin/true"]), pod)
        }
        #expect(error?.code == .failedPrecondition)
        // Gone, or a zombie that the machine's init has still to take.
        let state = try? Files.readText("/proc/\(pid)/stat")
        #expect(state == nil || state?.contains(" Z ") == true || state?.contains(" X ") == true)
        try await fixture.expectClean()
    }

    @Test func `a supervisor killed while no daemon runs`() async throws {
        let fixture = try await RuntimeFixture()
        let pod = fixture.pod()
        let sandbox = try await fixture.runtime.runPodSandbox(pod)
        let running = try await fixture.start(["/bin/sleep", "1000"], in: sandbox, pod)
        let created = try await fixture.runtime.createContainer(sandbox: sandbox, fixture.container(["/bin/true"]), pod)
        // The first instance must not see it: its events go nowhere.
        fixture.runtime.registry.remove(try #require(fixture.runtime.registry.sandbox(sandbox)))
        let again = try NativeRuntime(configuration: fixture.configuration)
        let client = try SupervisorClient.connect(directory: fixture.runtime.layout.sandbox(sandbox).directory)
        #expect(kill(client.hello.pid, SIGKILL) == 0)
        while kill(client.hello.pid, 0) == 0 { usleep(1000) }
        let lines = try await again.recover()
        #expect(lines.contains { $0.hasPrefix("supervisor of sandbox \(sandbox)") })
        let status = try await again.containerStatus(running)
        #expect(status.state == .exited && status.exitCode == 137 && status.reason == "ContainerStatusUnknown")
        #expect(try await again.containerStatus(created).state == .created)
        try await fixture.expectClean(again)
    }

    @Test func `half-made and damaged things are set aside`() async throws {
        let fixture = try await RuntimeFixture()
        let pod = fixture.pod()
        let sandbox = try await fixture.runtime.runPodSandbox(pod)
        let id = try await fixture.start(["/bin/sleep", "1000"], in: sandbox, pod)
        let broken = try await fixture.start(["/bin/sleep", "1000"], in: sandbox, pod)
        let layout = fixture.runtime.layout
        try Files.replace(layout.sandbox(sandbox).container(broken), with: Array("{\"version\":".utf8))
        try Files.makeDirectories(layout.sandbox("0123456789abcdef0123456789abcdef").containers)
        let again = try await fixture.restarted()
        #expect(try await again.containerStatus(id).state == .running)
        await #expect(throws: RuntimeError.self) { try await again.containerStatus(broken) }
        #expect(!Files.exists(layout.sandbox("0123456789abcdef0123456789abcdef").directory))
        try await fixture.expectClean(again)
    }
}
