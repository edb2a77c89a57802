import CRI
import Cgroups
import Glibc
import LinuxSystem
import Synchronization
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
}

/// Half-made and damaged things: named, set aside, and the rest goes on.
@Suite(.enabled(if: RuntimeFixture.isPossible), .serialized) struct DamageTests {
    /// What the runtimes of a fixture have reported.
    private final class Reports: Sendable {
        private let lines = Mutex<[String]>([])
        func add(_ line: String) { lines.withLock { $0.append(line) } }
        func contain(_ parts: String...) -> Bool {
            lines.withLock { $0.contains { line in parts.allSatisfy { line.contains($0) } } }
        }
        var all: [String] { lines.withLock { $0 } }
    }
    private let reports = Reports()
    private let stray = "0123456789abcdef0123456789abcdef"

    /// A second instance, with its reports kept.
    private func restarted(_ fixture: RuntimeFixture) async throws -> (runtime: NativeRuntime, lines: [String]) {
        var configuration = fixture.configuration
        configuration.report = { [reports] in reports.add($0) }
        let again = try NativeRuntime(configuration: configuration)
        return (again, try await again.recover())
    }

    @Test func `a half-made sandbox goes`() async throws {
        let fixture = try await RuntimeFixture()
        let directory = fixture.runtime.layout.sandbox(stray).directory
        try Files.makeDirectories("\(directory)/containers")
        let (again, lines) = try await restarted(fixture)
        #expect(lines == ["half-made sandbox \(stray)"])
        #expect(!Files.exists(directory))
        #expect(reports.all == [])
        try await fixture.expectClean(again)
    }

    /// The daemon was killed between the supervisor's start and its first word: nobody can connect to it.
    @Test func `a supervisor that nobody knows ends, and its directory goes`() async throws {
        let fixture = try await RuntimeFixture()
        let spare = try fixture.runtime.launchSupervisor(stray)
        let sandbox = try await fixture.runtime.runPodSandbox(fixture.pod())
        let known = try #require(fixture.runtime.registry.sandbox(sandbox)?.connection?.client.hello.pid)
        try Files.remove("\(spare.layout.directory)/supervisor.sock")
        let (again, lines) = try await restarted(fixture)
        #expect(lines == ["supervisor \(spare.client.hello.pid) of no sandbox", "half-made sandbox \(stray)"])
        #expect(try Cgroup(opening: again.cgroupRoot.supervisors).processes() == [known])
        #expect(try await again.podSandboxStatus(sandbox).state == .ready)
        try await fixture.expectClean(again)
    }

    /// Whether another process has a supervisor in the making cannot be seen.
    @Test func `beside another process nothing is cleared`() async throws {
        let fixture = try await RuntimeFixture()
        let spare = try fixture.runtime.launchSupervisor(stray)
        let other = try NativeRuntime(configuration: fixture.configuration)
        #expect(try await other.recover(clearing: false) == [])
        #expect(try Cgroup(opening: other.cgroupRoot.supervisors).processes() == [spare.client.hello.pid])
        fixture.runtime.end(spare)
        try await fixture.expectClean()
    }

    /// It was killed between the record and the word to the supervisor.
    @Test func `the supervisor of a sandbox that was being stopped ends`() async throws {
        let fixture = try await RuntimeFixture()
        let sandbox = try await fixture.runtime.runPodSandbox(fixture.pod())
        let found = try #require(fixture.runtime.registry.sandbox(sandbox))
        // Read now: the connection goes when the supervisor does.
        let supervisor = try #require(found.connection?.client.hello.pid)
        var record = found.record
        record.phase = .stopped
        try StateFiles.write(record, to: found.layout.record)
        let (again, lines) = try await restarted(fixture)
        #expect(lines == ["supervisor \(supervisor) of no sandbox"])
        #expect(try await again.podSandboxStatus(sandbox).state == .notReady)
        try await fixture.expectClean(again)
    }

    @Test(arguments: [
        ("{\"version\":", "the text ends in the middle of a value"), ("", "the text ends in the middle of a value"),
        ("[]", "expected an object"), ("{\"version\":1}", "no member id"),
        ("{\"version\":99}", "container record has version 99, this program knows 1 to 2"),
    ])
    func `a damaged record of a container costs that container`(text: String, reason: String) async throws {
        let fixture = try await RuntimeFixture()
        let pod = fixture.pod()
        let sandbox = try await fixture.runtime.runPodSandbox(pod)
        let id = try await fixture.start(["/bin/sleep", "1000"], in: sandbox, pod)
        let broken = try await fixture.start(["/bin/sleep", "1000"], in: sandbox, pod)
        let layout = fixture.runtime.layout
        let path = layout.sandbox(sandbox).container(broken)
        try Files.replace(path, with: Array(text.utf8))
        let (again, lines) = try await restarted(fixture)
        #expect(lines.sorted().map { $0.split(separator: " ")[0] } == ["cgroup", "snapshot"], "\(lines)")
        #expect(try await again.containerStatus(id).state == .running)
        await #expect(throws: RuntimeError.self) { try await again.containerStatus(broken) }
        #expect(reports.contain(path, reason, "its container is given up"), "\(reports.all)")
        #expect(try Files.readText("\(layout.damaged)/\(sandbox).container.\(broken).json") == text)
        try await fixture.expectClean(again)
    }

    @Test(arguments: [
        ("{\"version\":", "the text ends in the middle of a value"),
        ("{\"version\":7}", "sandbox record has version 7, this program knows 1 to 1"),
    ])
    func `a damaged record of a sandbox costs that sandbox`(text: String, reason: String) async throws {
        let fixture = try await RuntimeFixture()
        let (pod, other) = (fixture.pod(), fixture.pod("other"))
        let sandbox = try await fixture.runtime.runPodSandbox(pod)
        let kept = try await fixture.runtime.runPodSandbox(other)
        let lost = try await fixture.start(["/bin/sleep", "1000"], in: sandbox, pod)
        let id = try await fixture.start(["/bin/sleep", "1000"], in: kept, other)
        let pid = try await fixture.runtime.containerStatus(lost).pid
        let layout = fixture.runtime.layout
        try Files.replace(layout.sandbox(sandbox).record, with: Array(text.utf8))
        let (again, _) = try await restarted(fixture)
        #expect(try await again.containerStatus(id).state == .running)
        await #expect(throws: RuntimeError.self) { try await again.podSandboxStatus(sandbox) }
        #expect(reports.contain("sandbox.json", reason, "its sandbox is given up"), "\(reports.all)")
        #expect(try Files.readText("\(layout.damaged)/\(sandbox).sandbox.json") == text)
        #expect(!Files.exists(layout.sandbox(sandbox).directory))
        // It dies with its supervisor, which the runtime has waited for; where it was, the record would have said.
        let deadline = ContinuousClock.now + .seconds(10)
        while kill(pid, 0) == 0, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(5)) }
        #expect(kill(pid, 0) != 0, "its container lives on")
        try await fixture.expectClean(again)
    }

    @Test func `an exit record that was cut is named, and the end is unknown`() async throws {
        let fixture = try await RuntimeFixture()
        let pod = fixture.pod()
        let sandbox = try await fixture.runtime.runPodSandbox(pod)
        let id = try await fixture.start(["/bin/sh", "-c", "exit 42"], in: sandbox, pod)
        _ = try await fixture.ended(id)
        let found = try #require(fixture.runtime.registry.sandbox(sandbox))
        try found.connection?.client.shutdown(force: true)
        let path = found.layout.exitRecord(id)
        try Files.replace(path, with: try Files.read(path).dropLast(9))
        let (again, _) = try await restarted(fixture)
        let status = try await again.containerStatus(id)
        #expect(status.state == .exited && status.exitCode == 137 && status.reason == "ContainerStatusUnknown")
        #expect(reports.contain(path, "how container main ended is lost"), "\(reports.all)")
        try await fixture.expectClean(again)
    }

    @Test func `what does not belong into the run directory is named and moved`() async throws {
        let fixture = try await RuntimeFixture()
        let pod = fixture.pod()
        let sandbox = try await fixture.runtime.runPodSandbox(pod)
        let id = try await fixture.start(["/bin/sleep", "1000"], in: sandbox, pod)
        let layout = fixture.runtime.layout
        for path in ["\(layout.pods)/core", "\(layout.removed)/note", layout.sandbox(stray).directory] {
            try Files.replace(path, with: [1])
        }
        try Files.makeDirectories("\(layout.pods)/lost+found/x")
        try Files.makeDirectories("\(layout.sandbox(sandbox).containers)/\(stray).json")
        let (again, _) = try await restarted(fixture)
        #expect(try await again.containerStatus(id).state == .running)
        for name in ["core", "note", "lost+found", stray] {
            #expect(reports.contain("/\(name): is no sandbox's directory", "it is kept as \(layout.damaged)/\(name)"), "\(reports.all)")
            #expect(Files.exists("\(layout.damaged)/\(name)"))
        }
        #expect(reports.contain("\(stray).json", "Is a directory"), "\(reports.all)")
        #expect(try Files.names(in: layout.pods) == [sandbox])
        #expect(try Files.names(in: layout.removed) == [])
        // A second start has nothing more to say.
        let count = reports.all.count
        let (third, lines) = try await restarted(fixture)
        #expect(lines == [] && reports.all.count == count)
        try await fixture.expectClean(third)
    }

    @Test func `tearing down what was never there makes nothing`() async throws {
        let fixture = try await RuntimeFixture(hasNetwork: true)
        #expect(try NativeRuntime.hasRemains(fixture.configuration))
        try await fixture.expectClean()
        #expect(try !NativeRuntime.hasRemains(fixture.configuration))
    }
}
