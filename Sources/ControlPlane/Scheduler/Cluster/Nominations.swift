/// Pods that wait for a place that was made for them, by the node's name; highest priority first.
package struct Nominations: Sendable {
    private var byNode: [String: [PodInfo]] = [:]
    private var nodes: [String: String] = [:]

    package init() {}

    package var isEmpty: Bool { nodes.isEmpty }
    package func pods(on node: String) -> [PodInfo] { byNode[node] ?? [] }
    package func node(of uid: String) -> String? { nodes[uid] }

    package mutating func set(_ pod: PodInfo, on node: String) {
        remove(pod.uid)
        guard !node.isEmpty else { return }
        nodes[pod.uid] = node
        byNode[node, default: []].append(pod)
        byNode[node]?.sort { $0.priority > $1.priority }
    }

    package mutating func remove(_ uid: String) {
        guard let node = nodes.removeValue(forKey: uid) else { return }
        byNode[node]?.removeAll { $0.uid == uid }
        if byNode[node]?.isEmpty == true { byNode[node] = nil }
    }
}
