/// Prefers nodes that have the pod's images; an image that few nodes have counts less, so that they are not all sent to one node.
package struct ImageLocality: ScorePlugin {
    package let name = "ImageLocality"
    static let smallestBytes: Int64 = 23 << 20
    static let largestBytesPerContainer: Int64 = 1000 << 20
    package init() {}

    package func preScore(_ pod: PodInfo, _ nodes: [Int], _ cluster: ClusterSnapshot) -> (any NodeScorer)? {
        Scorer(images: pod.images)
    }

    private struct Scorer: NodeScorer {
        let images: [String]

        func scores(of nodes: [Int], _ cluster: ClusterSnapshot) -> [Int64] {
            let known = images.compactMap { cluster.images[$0] }
            guard !known.isEmpty else { return [Int64](repeating: 0, count: nodes.count) }
            let shares = known.map { Double($0.count) / Double(cluster.nodeCount) }
            return nodes.map { slot in
                var bytes: Int64 = 0
                for (index, sizes) in known.enumerated() {
                    if let size = sizes[slot] { bytes += Int64(Double(size) * shares[index]) }
                }
                return ImageLocality.score(bytes: bytes, containers: images.count)
            }
        }
    }

    /// From 0 at 23 MiB to 100 at 1000 MiB for each container.
    static func score(bytes: Int64, containers: Int) -> Int64 {
        let largest = largestBytesPerContainer * Int64(containers)
        let clamped = min(max(bytes, smallestBytes), largest)
        return 100 * (clamped - smallestBytes) / (largest - smallestBytes)
    }
}
