import CRI
import LinuxSystem
import Testing

@testable import ContainerRuntime

/// A container's whole life, with supervisor, images and cgroups.
@Suite(.enabled(if: RuntimeFixture.isPossible), .serialized) struct ContainerLifeTests {
    @Test func `a container runs, ends, is removed, and nothing is left`() async throws {
        let fixture = try await RuntimeFixture()
        let pod = fixture.pod()
        let sandbox = try await fixture.runtime.runPodSandbox(pod)
        #expect(try await fixture.runtime.podSandboxStatus(sandbox).state == .ready)
        let id = try await fixture.runtime.createContainer(
            sandbox: sandbox, fixture.container(["/bin/sh", "-c", "echo out; echo err >&2; exit 3"]), pod)
        #expect(try await fixture.runtime.containerStatus(id).state == .created)
        try await fixture.runtime.startContainer(id)
        let status = try await fixture.ended(id)
        #expect(status.state == .exited && status.exitCode == 3 && status.reason == "Error")
        #expect(status.createdAt <= status.startedAt && status.startedAt <= status.finishedAt)
        #expect(try fixture.log(status).split(separator: "\n").sorted() == ["err", "out"])
        try await fixture.runtime.removeContainer(id)
        await #expect(throws: RuntimeError.self) { try await fixture.runtime.containerStatus(id) }
        try await fixture.runtime.stopPodSandbox(sandbox)
        #expect(try await fixture.runtime.podSandboxStatus(sandbox).state == .notReady)
        try await fixture.runtime.removePodSandbox(sandbox)
        #expect(try await fixture.runtime.listPodSandbox(PodSandboxFilter()).isEmpty)
        try await fixture.expectClean()
    }

    @Test func `a start that fails leaves the reason`() async throws {
        let fixture = try await RuntimeFixture()
        let pod = fixture.pod()
        let sandbox = try await fixture.runtime.runPodSandbox(pod)
        let id = try await fixture.runtime.createContainer(sandbox: sandbox, fixture.container(["nosuch"]), pod)
        let error = await #expect(throws: RuntimeError.self) { try await fixture.runtime.startContainer(id) }
        #expect(error?.description == "start container main: exec: \"nosuch\": executable file not found in $PATH")
        let status = try await fixture.runtime.containerStatus(id)
        #expect(status.state == .exited && status.exitCode == 128 && status.reason == "StartError")
        #expect(status.startedAt == 0 && status.message == "exec: \"nosuch\": executable file not found in $PATH")
        try await fixture.expectClean()
    }

    @Test func `stop sends the signal, waits, then kills`() async throws {
        let fixture = try await RuntimeFixture()
        let pod = fixture.pod()
        let sandbox = try await fixture.runtime.runPodSandbox(pod)
        let polite = try await fixture.start(["/bin/sh", "-c", "trap 'exit 5' TERM; while :; do sleep 0.01; done"], in: sandbox, pod)
        let stubborn = try await fixture.start(["/bin/sh", "-c", "trap '' TERM; while :; do sleep 0.01; done"], in: sandbox, pod)
        try await fixture.runtime.stopContainer(polite, timeout: .seconds(20))
        #expect(try await fixture.runtime.containerStatus(polite).exitCode == 5)
        try await fixture.runtime.stopContainer(stubborn, timeout: .milliseconds(50))
        #expect(try await fixture.runtime.containerStatus(stubborn).exitCode == 137)
        try await fixture.expectClean()
    }

    @Test func `exec runs beside, in the same namespaces`() async throws {
        let fixture = try await RuntimeFixture()
        let pod = fixture.pod()
        let sandbox = try await fixture.runtime.runPodSandbox(pod)
        let id = try await fixture.start(["/bin/sleep", "1000"], in: sandbox, pod)
        let result = try await fixture.runtime.execSync(
            id, command: ["/bin/sh", "-c", "ps | grep sleep; echo oops >&2; exit 4"], timeout: .seconds(20))
        #expect(String(decoding: result.stdout, as: UTF8.self).contains("sleep 1000"))
        #expect(result.stderr == Array("oops\n".utf8) && result.exitCode == 4)
        let error = await #expect(throws: RuntimeError.self) {
            try await fixture.runtime.execSync(id, command: ["/bin/sh", "-c", "sleep 100 & sleep 100"], timeout: .milliseconds(100))
        }
        #expect(error?.code == .deadlineExceeded)
        let left = try await fixture.runtime.execSync(id, command: ["/bin/ps"], timeout: nil)
        #expect(!String(decoding: left.stdout, as: UTF8.self).contains("sleep 100\n"))
        try await fixture.expectClean()
    }
}
