/// The filters of a profile, prepared for one pod.
struct PreparedFilters {
    /// The names of plugins and their filters, side by side.
    private var names: [String] = []
    private var filters: [any NodeFilter] = []
    /// The only nodes that come into question, and whose word that is.
    private(set) var within: Set<String>?
    private(set) var withinPlugins: [String] = []

    /// - Throws: The refusal of a plugin that sees no way at all.
    init(_ pod: PodInfo, _ cluster: ClusterSnapshot, _ profile: SchedulingProfile) throws(Refusal) {
        for plugin in profile.filters {
            switch plugin.preFilter(pod, cluster) {
            case .skip: continue
            case .refuse(var refusal):
                refusal.plugin = plugin.name
                throw refusal
            case .check(let filter, let only):
                names.append(plugin.name)
                filters.append(filter)
                guard let only else { continue }
                within = within.map { $0.intersection(only) } ?? only
                withinPlugins.append(plugin.name)
            }
        }
    }

    /// What the first filter that is against a node says.
    func refusal(on slot: Int, _ cluster: ClusterSnapshot) -> Refusal? {
        for index in filters.indices {
            guard var refusal = filters[index].refusal(on: slot, cluster) else { continue }
            refusal.plugin = names[index]
            return refusal
        }
        return nil
    }

    /// Of a node that preparation has ruled out.
    var outsideRefusal: Refusal {
        var refusal = Refusal.unresolvable("node(s) didn't satisfy plugin(s) [\(withinPlugins.sorted().joined(separator: " "))]")
        refusal.plugin = withinPlugins.first ?? ""
        return refusal
    }

    func detail(on slot: Int, _ cluster: ClusterSnapshot, plugin: String) -> String? {
        names.firstIndex(of: plugin).flatMap { filters[$0].detail(on: slot, cluster) }
    }
}

extension SchedulingProfile {
    /// Judges one node with the pods that are nominated to it: a pod must fit when they are there, and when they are not (they may never come;
    /// affinity to one of them must not count).
    func refusal(
        of pod: PodInfo, on slot: Int, _ cluster: ClusterSnapshot, _ filters: PreparedFilters
    ) -> Refusal? {
        if !cluster.nominations.isEmpty, let node = cluster.nodes[slot] {
            let nominated = cluster.nominations.pods(on: node.name).filter { $0.priority >= pod.priority && $0.uid != pod.uid }
            if !nominated.isEmpty {
                var trial = cluster
                for pod in nominated { trial.place(pod, on: node.name) }
                do throws(Refusal) {
                    let filters = try PreparedFilters(pod, trial, self)
                    if let refusal = filters.refusal(on: slot, trial) { return refusal }
                } catch {
                    return error
                }
            }
        }
        return filters.refusal(on: slot, cluster)
    }
}
