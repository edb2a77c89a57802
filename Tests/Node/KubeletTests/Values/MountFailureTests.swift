import APIMachinery
import KubernetesAPI
import Testing

@testable import Kubelet

/// How soon a mount is tried again, how often it is told, and in which words.
struct MountFailureTests {
    private static func time(_ milliseconds: Int64) -> Timestamp { Timestamp(nanosecondsSinceEpoch: milliseconds * 1_000_000) }

    @Test func `tried again within a second, told every ten, and at once when the cause is another`() {
        let waiting = VolumeErrors([VolumeError("v", "PVC is not bound", .resolving, retry: .soon)])
        let other = VolumeErrors([VolumeError("v", "PVC is being deleted", .resolving, retry: .soon)])
        var last: MountFailure?
        var lines: [String] = []
        let tries: [(Int64, VolumeErrors)] = [
            (0, waiting), (250, waiting), (750, waiting), (1_750, waiting), (2_750, other), (12_749, other), (12_750, other),
        ]
        for (milliseconds, errors) in tries {
            let failure = MountFailure(errors, after: last, at: Self.time(milliseconds))
            lines.append("\(milliseconds) \(failure.isToBeTold ? "told" : "-") \(failure.retry.map { "\($0)" } ?? "-")")
            last = failure
        }
        #expect(
            lines == [
                "0 told 0.25 seconds", "250 - 0.5 seconds", "750 - 1.0 seconds", "1750 - 1.0 seconds", "2750 told 1.0 seconds",
                "12749 - 1.0 seconds", "12750 told 1.0 seconds",
            ])
    }

    @Test func `what is watched is not tried in a circle`() {
        let errors = VolumeErrors([VolumeError("v", ObjectError(.notFound, "configmap \"cm\" not found"))])
        #expect(MountFailure(errors, after: nil, at: Self.time(0)).retry == nil)
    }

    @Test func `one event for each volume, one for all that were not even found`() {
        let errors = VolumeErrors([
            VolumeError("a", "x", name: "pv-a"), VolumeError("b", "error processing PVC d/b: PVC is not bound", .resolving),
            VolumeError("c", "no matching NodeSelectorTerms", .checkingNode, name: "pv-c"),
            VolumeError("d", "error processing PVC d/d: PVC is not bound", .resolving),
        ])
        #expect(
            errors.messages == [
                "MountVolume.SetUp failed for volume \"pv-a\" : x",
                "MountVolume.NodeAffinity check failed for volume \"pv-c\" : no matching NodeSelectorTerms",
                "Unable to attach or mount volumes: unmounted volumes=[a b c d], unattached volumes=[], failed to process volumes=[b d]: "
                    + "error processing PVC d/b: PVC is not bound; error processing PVC d/d: PVC is not bound",
            ])
    }

    private static let selectors: [(String, Bool)] = [
        (#"{"nodeSelectorTerms":[]}"#, false), (#"{"nodeSelectorTerms":[{}]}"#, false),
        (#"{"nodeSelectorTerms":[{"matchExpressions":[{"key":"a","operator":"In","values":["1","2"]}]}]}"#, true),
        (#"{"nodeSelectorTerms":[{"matchExpressions":[{"key":"a","operator":"NotIn","values":["1"]}]}]}"#, false),
        (#"{"nodeSelectorTerms":[{"matchExpressions":[{"key":"z","operator":"NotIn","values":["1"]}]}]}"#, true),
        (
            #"{"nodeSelectorTerms":[{"matchExpressions":[{"key":"z","operator":"Exists"}]},{"matchExpressions":[{"key":"a","operator":"Exists"}]}]}"#,
            true
        ),
        (#"{"nodeSelectorTerms":[{"matchExpressions":[{"key":"a","operator":"Exists"},{"key":"z","operator":"Exists"}]}]}"#, false),
        (#"{"nodeSelectorTerms":[{"matchExpressions":[{"key":"z","operator":"DoesNotExist"}]}]}"#, true),
        (#"{"nodeSelectorTerms":[{"matchExpressions":[{"key":"a","operator":"Gt","values":["0"]}]}]}"#, true),
        (#"{"nodeSelectorTerms":[{"matchExpressions":[{"key":"a","operator":"Lt","values":["1"]}]}]}"#, false),
    ]

    @Test(arguments: selectors) func `nodes that a volume is for`(selector: String, holds: Bool) throws {
        let decoded = try #require(try structure(NodeSelector.self, selector))
        #expect(VolumeNodeAffinity.holds(decoded, ["a": "1"]) == holds)
    }
}
