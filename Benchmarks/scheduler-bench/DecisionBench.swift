import APIMachinery
import KubernetesAPI
import KubernetesClient
import Scheduler

/// The decision alone: the queue, the choice of a node and the pod's place in the snapshot, without an API server.
struct DecisionBench {
    let limit: Duration

    func table() {
        print("nodes  pods there  kind                      decisions/s   µs each")
        for kind in BenchCluster.Kind.allCases {
            for nodes in [1000, 5000] { row(nodes: nodes, placed: nodes * 2, kind) }
        }
    }

    func curve() {
        print("nodes  pods there  kind                      decisions/s   µs each")
        for nodes in [10, 100, 250, 500, 1000, 2000, 5000, 10000] { row(nodes: nodes, placed: 0, .plain) }
        for perNode in [0, 10, 30, 60, 90] { row(nodes: 1000, placed: 1000 * perNode, .plain) }
        for perNode in [0, 10, 30] { row(nodes: 1000, placed: 1000 * perNode, .spread) }
    }

    private func row(nodes: Int, placed: Int, _ kind: BenchCluster.Kind) {
        let (count, took) = measure(nodes: nodes, placed: placed, kind)
        let each = Double(took.components.seconds) * 1e6 + Double(took.components.attoseconds) / 1e12
        let rate = Double(count) / (each / 1e6)
        func pad(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(0, width - text.count)) + text }
        print(
            pad("\(nodes)", 5), pad("\(placed)", 11), " " + kind.rawValue + String(repeating: " ", count: 24 - kind.rawValue.count),
            pad("\(Int(rate))", 12), pad("\(((each / Double(count)) * 10).rounded() / 10)", 9))
    }

    /// - Returns: How many pods were given a node, and how long that took.
    private func measure(nodes: Int, placed: Int, _ kind: BenchCluster.Kind) -> (Int, Duration) {
        let time = MachineTime()
        var core = SchedulerCore(SchedulerConfiguration(seed: 1))
        for index in 0..<nodes { core.set(NodeInfo(BenchCluster.node(index)), at: time.now) }
        for index in 0..<placed {
            var pod = BenchCluster.pod(index, .plain)
            pod.spec.nodeName = "node-\(index % nodes)"
            _ = core.set(PodInfo(pod), at: time.now)
        }
        let room = min(nodes * 100 - placed, kind == .antiAffinity ? nodes * 50 : nodes * 100, 60_000)
        // Made beforehand, as an informer makes them on a thread of its own.
        let pods = (0..<room).map { PodInfo(BenchCluster.pod(placed + $0, kind)) }
        for pod in pods { _ = core.set(pod, at: time.now) }
        let begin = time.now
        var count = 0
        while time.now - begin < limit, let actions = core.step(time) {
            guard case .bind? = actions.first else { break }
            count += 1
        }
        return (count, time.now - begin)
    }
}
