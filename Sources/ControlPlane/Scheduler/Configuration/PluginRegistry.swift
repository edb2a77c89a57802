internal import APIMachinery

/// The plugins that a configuration can name. A library's user adds his own.
package struct PluginRegistry: Sendable {
    /// Makes a plugin of its arguments.
    package typealias Factory = @Sendable (_ arguments: PluginArguments) throws(ConfigurationError) -> any SchedulingPlugin
    private var factories: [String: Factory] = [:]

    package init() {}

    package var names: [String] { factories.keys.sorted() }

    package mutating func add(_ name: String, _ factory: @escaping Factory) { factories[name] = factory }

    func make(_ name: String, _ arguments: JSONObject, at path: FieldPath) throws(ConfigurationError) -> any SchedulingPlugin {
        guard let factory = factories[name] else {
            throw ConfigurationError(path, "no plugin has the name \(name)", "one of \(names.joined(separator: ", "))")
        }
        return try factory(PluginArguments(values: arguments, path: path))
    }

    /// Upstream's default plugins.
    package static let `default`: PluginRegistry = {
        var registry = PluginRegistry()
        registry.addSimple()
        registry.add("NodeResourcesFit") { arguments throws(ConfigurationError) in
            try arguments.check(["ignoredResources", "ignoredResourceGroups", "scoringStrategy"])
            return NodeResourcesFit(
                strategy: try arguments.strategy() ?? .leastAllocated(), ignoredResources: Set(try arguments.strings("ignoredResources")),
                ignoredGroups: Set(try arguments.strings("ignoredResourceGroups")))
        }
        registry.add("NodeResourcesBalancedAllocation") { arguments throws(ConfigurationError) in
            try arguments.check(["resources"])
            let names = try arguments.resources("resources").map(\.name)
            return names.isEmpty ? BalancedAllocation() : BalancedAllocation(resources: names)
        }
        registry.add("InterPodAffinity") { arguments throws(ConfigurationError) in
            try arguments.check(["hardPodAffinityWeight", "ignorePreferredTermsOfExistingPods"])
            return InterPodAffinity(
                hardPodAffinityWeight: try arguments.integer("hardPodAffinityWeight", in: 0...100) ?? 1,
                ignoresPreferredTermsOfExistingPods: arguments["ignorePreferredTermsOfExistingPods"]?.boolValue ?? false)
        }
        registry.add("PodTopologySpread") { arguments throws(ConfigurationError) in
            try arguments.check(["defaultConstraints", "defaultingType"])
            return PodTopologySpread(defaults: try arguments.defaultConstraints())
        }
        registry.add("DefaultPreemption") { arguments throws(ConfigurationError) in
            try arguments.check(["minCandidateNodesPercentage", "minCandidateNodesAbsolute"])
            return DefaultPreemption(
                minCandidateNodesPercentage: Int(try arguments.integer("minCandidateNodesPercentage", in: 0...100) ?? 10),
                minCandidateNodes: Int(try arguments.integer("minCandidateNodesAbsolute", in: 0...1_000_000) ?? 100))
        }
        registry.add("VolumeBinding") { arguments throws(ConfigurationError) in
            try arguments.check(["bindTimeoutSeconds"])
            return VolumeBinding(bindTimeout: .seconds(try arguments.integer("bindTimeoutSeconds", in: 0...86_400) ?? 600))
        }
        return registry
    }()

    /// Those without arguments.
    private mutating func addSimple() {
        let simple: [any SchedulingPlugin] = [
            SchedulingGatesPlugin(), PrioritySort(), NodeUnschedulable(), NodeNamePlugin(), TaintToleration(), NodeAffinityPlugin(),
            NodePorts(),
            VolumeRestrictions(), NodeVolumeLimits(), VolumeZone(), DynamicResources(), ImageLocality(), DefaultBinder(),
        ]
        for plugin in simple {
            add(plugin.name) { arguments throws(ConfigurationError) in
                try arguments.check([])
                return plugin
            }
        }
    }
}
