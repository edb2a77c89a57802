/// The plugins that judge the pods of one scheduler name.
package struct SchedulingProfile: Sendable {
    package struct WeightedScore: Sendable {
        package var name: String
        package var plugin: any ScorePlugin
        package var weight: Int64
    }
    package let schedulerName: String
    package let plugins: [any SchedulingPlugin]
    /// Of all nodes, how many that can take a pod are enough; nil for a share that shrinks as the cluster grows.
    package var percentageOfNodesToScore: Int?

    let preEnqueue: [any PreEnqueuePlugin]
    let queueSort: any QueueSortPlugin
    let filters: [any FilterPlugin]
    let postFilters: [any PostFilterPlugin]
    let scores: [WeightedScore]
    let reserves: [any ReservePlugin]
    let permits: [any PermitPlugin]
    let preBinds: [any PreBindPlugin]
    let binders: [any BindPlugin]
    let postBinds: [any PostBindPlugin]
    let byName: [String: any SchedulingPlugin]
    private let spreads: [PodTopologySpread]

    /// - Parameters:
    ///   - plugins: In the order in which they are asked.
    ///   - weights: Of scores, by the plugin's name; 1 when it is not named.
    ///   - takesPart: Whether a plugin, by its name, takes part at a point for which it is made.
    package init(
        schedulerName: String = "default-scheduler", plugins: [any SchedulingPlugin], weights: [String: Int64] = [:],
        percentageOfNodesToScore: Int? = nil, takesPart: (_ plugin: String, _ point: ExtensionPoint) -> Bool = { _, _ in true }
    ) {
        self.schedulerName = schedulerName
        self.plugins = plugins
        self.percentageOfNodesToScore = percentageOfNodesToScore
        func at(_ point: ExtensionPoint) -> [any SchedulingPlugin] { plugins.filter { takesPart($0.name, point) } }
        preEnqueue = at(.preEnqueue).compactMap { $0 as? any PreEnqueuePlugin }
        queueSort = at(.queueSort).lazy.compactMap { $0 as? any QueueSortPlugin }.first ?? PrioritySort()
        filters = at(.filter).compactMap { $0 as? any FilterPlugin }
        postFilters = at(.postFilter).compactMap { $0 as? any PostFilterPlugin }
        scores = at(.score).compactMap { plugin in
            (plugin as? any ScorePlugin).map { WeightedScore(name: $0.name, plugin: $0, weight: weights[$0.name] ?? 1) }
        }.filter { $0.weight != 0 }
        reserves = at(.reserve).compactMap { $0 as? any ReservePlugin }
        permits = at(.permit).compactMap { $0 as? any PermitPlugin }
        preBinds = at(.preBind).compactMap { $0 as? any PreBindPlugin }
        binders = at(.bind).compactMap { $0 as? any BindPlugin }
        postBinds = at(.postBind).compactMap { $0 as? any PostBindPlugin }
        spreads = plugins.compactMap { $0 as? PodTopologySpread }
        byName = Dictionary(plugins.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Whether a change may help a pod that the plugin of the name has refused.
    func mayHelp(_ change: ClusterChange, _ pod: PodInfo, _ plugin: String, _ cluster: ClusterSnapshot) -> Bool {
        guard let plugin = byName[plugin] else { return true }
        return plugin.interests.contains(change.kind) && plugin.mayHelp(change, pod, cluster)
    }

    /// How many nodes that can take a pod are enough: all up to 100 nodes; then 50 % less 1 % for each 125 nodes, at least 5 %, at least 100.
    package func feasibleNodesWanted(of count: Int) -> Int {
        guard count > 100 else { return count }
        if let percentageOfNodesToScore, percentageOfNodesToScore >= 100 { return count }
        let percentage =
            if let percentageOfNodesToScore, percentageOfNodesToScore > 0 { percentageOfNodesToScore } else { max(5, 50 - count / 125) }
        return max(100, count * percentage / 100)
    }

    /// The constraints by which a pod is spread that has none of its own.
    func defaultSpread(of pod: PodInfo, _ cluster: ClusterSnapshot) -> [SpreadConstraint] {
        guard pod.pod.spec.topologySpreadConstraints.isEmpty else { return [] }
        return spreads.flatMap {
            $0.constraints(of: pod, isHard: true, cluster) + $0.constraints(of: pod, isHard: false, cluster)
        }
    }
}
