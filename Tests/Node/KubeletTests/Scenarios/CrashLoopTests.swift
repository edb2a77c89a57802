import CRI
import KubernetesAPI
import Testing

@testable import Kubelet

@Suite struct CrashLoopTests {
    @Test func `a crashing container is restarted at once, then after 10, 20, 40 … 300 seconds`() async throws {
        var setup = SimulationSetup()
        setup.containers = { _, _ in .exits(after: .seconds(1), code: 1) }
        try await simulate([makePod("p")], setup) { node in
            try await node.sleep(until: 1_000)
            // Each run takes a second.
            let expected = [0, 1, 12, 33, 74, 155, 316, 617, 918]
            #expect(node.starts == expected.enumerated().map { "app#\($0) \($1)" })
            let status = node.status("p").containerStatuses[0]
            #expect(status.state.waiting?.reason == "CrashLoopBackOff")
            #expect(status.state.waiting?.message == "back-off 5m0s restarting failed container=app pod=p_default(p)")
            #expect(status.lastState.terminated?.exitCode == 1)
            #expect(status.restartCount == 8)
            #expect(node.status("p").phase == "Running")
            #expect(node.recorder.texts.contains("BackOff: Back-off restarting failed container app in pod p_default(p)"))
        }
    }
}
