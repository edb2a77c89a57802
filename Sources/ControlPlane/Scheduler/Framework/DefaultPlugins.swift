extension SchedulingProfile {
    /// The plugins of upstream's default profile in its order.
    package static var defaultPlugins: [any SchedulingPlugin] {
        [
            SchedulingGatesPlugin(), PrioritySort(), NodeUnschedulable(), NodeNamePlugin(), TaintToleration(), NodeAffinityPlugin(),
            NodePorts(),
            NodeResourcesFit(), VolumeRestrictions(), NodeVolumeLimits(), VolumeBinding(), VolumeZone(), PodTopologySpread(),
            InterPodAffinity(),
            DynamicResources(), DefaultPreemption(), BalancedAllocation(), ImageLocality(), DefaultBinder(),
        ]
    }

    /// Weights of its scores that are not 1.
    package static let defaultWeights: [String: Int64] = [
        "TaintToleration": 3, "NodeAffinity": 2, "PodTopologySpread": 2, "InterPodAffinity": 2,
    ]

    package static var `default`: SchedulingProfile { SchedulingProfile(plugins: defaultPlugins, weights: defaultWeights) }
}
