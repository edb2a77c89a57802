internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient
import Synchronization

/// Deletes pods that nobody else will: of nodes that are gone, unscheduled ones that are being deleted, and ended ones beyond a number.
package struct PodCollector: Controller {
    package static let name = "pod-garbage-collector"
    private static let period = Duration.seconds(20)
    /// A node may be missing for so long, while it registers anew.
    private static let quarantine = Duration.seconds(40)
    private static let threshold = 12_500

    private let context: ControllerContext
    private let pods: Informer<Pod>
    private let nodes: Informer<Node>

    package init(_ context: ControllerContext) {
        self.context = context
        pods = context.informers.informer(Pod.self)
        nodes = context.informers.informer(Node.self)
    }

    package func run() async {
        await context.informers.waitForSync()
        var missing: [String: Duration] = [:]
        while !Task.isCancelled {
            await pass(&missing)
            guard (try? await context.time.sleep(for: Self.period)) != nil else { return }
        }
    }

    /// - Parameter missing: Since when nodes that pods name have not been there.
    private func pass(_ missing: inout [String: Duration]) async {
        let known = Dictionary(nodes.objects().map { ($0.metadata.name ?? "", $0) }) { first, _ in first }
        let collection = PodCollection(pods: pods.objects(), nodes: known, threshold: Self.threshold)
        for victim in collection.victims { await end(victim) }
        let now = context.time.now
        let names = Set(collection.orphans.compactMap(\.spec.nodeName))
        missing = missing.filter { names.contains($0.key) }
        var gone: Set<String> = []
        for name in names.sorted() {
            let since = missing[name] ?? now
            missing[name] = since
            if now - since >= Self.quarantine, await isGone(name) { gone.insert(name) }
        }
        for pod in collection.orphans where gone.contains(pod.spec.nodeName ?? "") {
            await end(.init(pod: pod, reason: PodCollection.nodeGone))
        }
    }

    private func isGone(_ name: String) async -> Bool {
        do throws(ClientError) { _ = try await context.client.resource(Node.self).get(name) } catch { return error.isNotFound }
        return false
    }

    private func end(_ victim: PodCollection.Victim) async {
        let pod = victim.pod
        let client = context.client.resource(Pod.self, namespace: pod.metadata.namespace)
        let name = pod.metadata.name ?? ""
        do throws(ClientError) {
            try await ignoringAbsence { () throws(ClientError) in
                if !pod.isTerminal {
                    _ = try await client.patch(name, .strategicMerge, failure(of: pod, victim.reason), subresource: "status")
                }
                try await client.delete(name, gracePeriodSeconds: 0, uid: pod.metadata.uid)
            }
        } catch {
            context.report("delete pod \(ObjectKey(pod)): \(error)")
        }
    }

    private func failure(of pod: Pod, _ reason: String?) -> JSONValue {
        var status: JSONValue = ["phase": "Failed"]
        if let reason {
            status["conditions"] = [PodCondition.disruption("DeletionByPodGC", reason, for: pod, now: context.time.wallTime).json]
        }
        return ["metadata": ["uid": .string(pod.metadata.uid ?? "")], "status": status]
    }
}
