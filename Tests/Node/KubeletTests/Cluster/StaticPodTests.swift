import APIMachinery
import CRI
import KubernetesAPI
import KubernetesClient
import TestSupport
import Testing

@testable import Kubelet

struct StaticPodTests {
    private static func manifest(_ change: (inout Pod) -> Void = { _ in }) -> Pod {
        var pod = makePod("st") {
            $0.metadata.uid = nil
            $0.metadata.namespace = "ns"
            $0.spec.terminationGracePeriodSeconds = 2
        }
        change(&pod)
        PodDefaults.apply(to: &pod)
        StaticPodIdentity.assign(to: &pod, path: "/m/st.yaml", nodeName: TestCluster.nodeName, seen: .now())
        return pod
    }

    @Test func `a mirror shows a static pod, comes back when deleted, and goes with it`() async throws {
        var setup = SimulationSetup()
        setup.containers = { _, _ in ContainerScript(stop: .exits(after: .zero, code: 0)) }
        try await TestCluster.run(setup) { cluster in
            let first = Self.manifest()
            try await cluster.withKubelet(staticPods: [first]) { kubelet in
                let name = "st-node1"
                let mirror = try await cluster.waitFor(name) { $0.isRunning }
                #expect(mirror.metadata.annotations["kubernetes.io/config.mirror"] == first.uid)
                let node = try await cluster.node()
                #expect(mirror.metadata.ownerReferences.first?.uid == node.metadata.uid)
                #expect(mirror.metadata.ownerReferences.first?.controller == true)
                #expect(mirror.spec.tolerations.contains { $0.operator == "Exists" && $0.effect == "NoExecute" })

                try await cluster.pods().delete(name)
                _ = try await cluster.waitFor(name) { $0.uid != mirror.uid && $0.isRunning }
                #expect(cluster.runtime.journal.count { $0.text.hasPrefix("start ") } == 1)

                let second = Self.manifest { $0.spec.containers[0].env = [EnvVar { $0.name = "V" }] }
                #expect(first.uid != second.uid)
                kubelet.setPods([second])
                _ = try await cluster.waitFor(name) { $0.metadata.annotations["kubernetes.io/config.mirror"] == second.uid && $0.isRunning }
                #expect(cluster.runtime.journal.count { $0.text.hasPrefix("start ") } == 2)

                kubelet.setPods([])
                try await cluster.waitUntilGone(name)
                #expect(kubelet.pods.isEmpty)
            }
        }
    }

    @Test func `the mirror of a manifest that is gone when the agent starts is removed, but not before all are read`() async throws {
        try await TestCluster.run { cluster in
            try await cluster.withKubelet(staticPods: [Self.manifest()]) { _ in _ = try await cluster.waitFor("st-node1") { $0.isRunning } }
            try await cluster.withKubelet(awaitsManifests: true) { _ in
                try await cluster.create(makePod("other"))
                _ = try await cluster.waitFor("other") { $0.isRunning }
                #expect(try await cluster.pod("st-node1") != nil)
            }
            try await cluster.withKubelet(staticPods: []) { _ in try await cluster.waitUntilGone("st-node1") }
        }
    }

    @Test(
        arguments: [
            ("none", "none", true, MirrorPod.Step.nothing), ("pod", "none", true, .create), ("pod", "same", true, .nothing),
            ("pod", "older", true, .delete(uid: "m")), ("pod", "deleted", false, .delete(uid: "m")), ("ending", "none", true, .nothing),
            ("ending", "same", true, .nothing), ("none", "same", true, .delete(uid: "m")), ("none", "same", false, .nothing),
        ])
    func `what to do about a mirror`(pod: String, mirror: String, mayDelete: Bool, expected: MirrorPod.Step) {
        var own = Self.manifest()
        if pod == "ending" { own.metadata.deletionTimestamp = .now() }
        var other = MirrorPod.object(of: Self.manifest(), node: Node())
        other.metadata.uid = "m"
        if mirror == "older" { other.metadata.annotations[MirrorPod.annotation] = "another" }
        if mirror == "deleted" { other.metadata.deletionTimestamp = .now() }
        #expect(MirrorPod.step(pod == "none" ? nil : own, mirror: mirror == "none" ? nil : other, mayDelete: mayDelete) == expected)
    }
}
