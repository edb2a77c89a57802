import APIMachinery
import KubernetesAPI
import KubernetesClient
import Testing

@testable import Scheduler

/// Short ways to say what a cluster looks like.
enum Make {
    static func node(
        _ name: String, cpu: String = "4", memory: String = "8Gi", pods: String = "110", labels: [String: String] = [:],
        taints: [JSONValue] = [], more: JSONObject = JSONObject()
    ) -> NodeInfo {
        var json = JSONValue.node(name, cpu: cpu, memory: memory, pods: pods, labels: labels, taints: taints)
        json = json.merging(.object(more))
        return NodeInfo(Node.decode(json, options: .lenient).object ?? Node())
    }

    static func pod(
        _ name: String, requests: [String: String] = [:], labels: [String: String] = [:], priority: Int32 = 0,
        spec: JSONObject = JSONObject(),
        more: JSONObject = JSONObject()
    ) -> PodInfo {
        var json = JSONValue.pod(name, requests: requests, labels: labels, spec: spec)
        json = json.merging(["metadata": ["uid": .string("uid-\(name)")], "spec": ["priority": .integer(Int64(priority))]])
        json = json.merging(.object(more))
        return PodInfo(Pod.decode(json, options: .lenient).object ?? Pod())
    }

    static func cluster(_ nodes: [NodeInfo], _ placed: [(PodInfo, String)] = []) -> ClusterSnapshot {
        var cluster = ClusterSnapshot()
        for node in nodes { cluster.set(node) }
        for (pod, node) in placed { cluster.place(pod, on: node) }
        return cluster
    }

    static func taint(_ key: String, _ value: String = "", _ effect: String) -> JSONValue {
        ["key": .string(key), "value": .string(value), "effect": .string(effect)]
    }
}

/// What each node's name gets from a filter: nil where it will do.
func refusals(_ plugin: any FilterPlugin, _ pod: PodInfo, _ cluster: ClusterSnapshot) -> [String: String] {
    var found: [String: String] = [:]
    switch plugin.preFilter(pod, cluster) {
    case .skip: return [:]
    case .refuse(let refusal):
        for slot in cluster.order { found[cluster.nodes[slot]?.name ?? ""] = refusal.message }
    case .check(let filter, _):
        for slot in cluster.order {
            if let refusal = filter.refusal(on: slot, cluster) { found[cluster.nodes[slot]?.name ?? ""] = refusal.message }
        }
    }
    return found
}

/// Normalised scores by the node's name; empty when the plugin has no opinion.
func scores(_ plugin: any ScorePlugin, _ pod: PodInfo, _ cluster: ClusterSnapshot) -> [String: Int64] {
    guard let scorer = plugin.preScore(pod, cluster.order, cluster) else { return [:] }
    var points = scorer.scores(of: cluster.order, cluster)
    scorer.normalise(&points, of: cluster.order)
    return Dictionary(uniqueKeysWithValues: zip(cluster.order.map { cluster.nodes[$0]?.name ?? "" }, points))
}
