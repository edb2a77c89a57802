import Glibc
import KubernetesAPI
import LinuxSystem
import Testing

@testable import Verification

/// A container can end while it is looked at, and what was read of it by then belongs to nothing.
struct EndedProcessTests {
    private func facts(pid: Int32) throws -> PodFacts {
        PodFacts(
            pod: try DeclarationTests.pod("{metadata: {name: p}, spec: {containers: [{name: c, image: i}]}}"),
            containers: [ContainerFacts(name: "c", pid: pid)])
    }

    @Test func `a process that lives is looked at`() throws {
        let answer = PodVerification(try facts(pid: getpid()))
        #expect(answer.ended.isEmpty && answer.notRunning.isEmpty)
        #expect(answer.items.contains { $0.expectation.path.hasPrefix("c/") })
    }

    @Test func `one that nobody has waited for yet counts as ended`() throws {
        try ProbeChild.run { child in
            let atFirst = child.pidfd.hasEnded
            #expect(!atFirst)
            try child.pidfd.send(signal: SIGKILL)
            _ = try poll([(child.pidfd.rawValue, .readable)], timeout: .seconds(10))
            let atLast = child.pidfd.hasEnded
            #expect(atLast)
            try expectEnded(child.pid)
        }
    }

    @Test func `one that is not there counts as ended`() throws { try expectEnded(Int32.max) }

    private func expectEnded(_ pid: Int32) throws {
        let answer = PodVerification(try facts(pid: pid))
        #expect(answer.ended == ["c"] && answer.notRunning == ["c"] && !answer.isRight)
        #expect(!answer.items.contains { $0.expectation.path.hasPrefix("c/") })
    }
}
