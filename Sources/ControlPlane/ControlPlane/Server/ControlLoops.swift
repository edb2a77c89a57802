package import APIMachinery
package import Controllers
internal import KubernetesAPI
package import KubernetesClient
package import Scheduler
package import NodeSimulation

/// The scheduler and the controllers of an API server, as clients of it in this process: each with the identity, the rights and the admission
/// that it would have over the network.
package final class ControlLoops: Sendable {
    /// One list and one watch of each kind for all who read it; may list and watch everything.
    package let informers: SharedInformers
    /// nil: somebody else gives pods to nodes.
    package let scheduler: Scheduler?
    /// nil: there are no simulated nodes.
    package let simulatedNodes: SimulatedNodes?
    private let controllers: ControllerManager
    private let schedulerEvents: EventRecorder

    /// - Parameters:
    ///   - nodes: What concerns nodes.
    ///   - localVolumes: Where volumes of local directories are; nil: none are made.
    ///   - loadBalancers: Where services of the type LoadBalancer get their addresses from.
    ///   - isPortOccupied: Whether a program listens on a port of an address of this machine; nil: not known.
    ///   - simulation: Nodes that only say that they run pods; nil: none.
    ///   - report: Told of what goes wrong and is tried again, a line each.
    package init(
        _ server: ControlPlaneServer, schedules: Bool = true, controllers choice: ControllerChoice = .all,
        localVolumes: LocalVolumes? = nil, loadBalancers: LoadBalancerAddresses = .nodes,
        isPortOccupied: (@Sendable (IPAddress, BalancedPort) -> Bool)? = nil, simulation: SimulatedNodes.Configuration? = nil,
        nodes: NodeSettings = NodeSettings(), report: @escaping @Sendable (String) -> Void
    ) {
        let manager = server.client(user: "system:kube-controller-manager", groups: [], userAgent: "kube-controller-manager")
        informers = SharedInformers(manager) { report("informer: \($0)") }
        let own = server.client(user: "system:kube-scheduler", groups: [], userAgent: "kube-scheduler")
        schedulerEvents = EventRecorder(own, component: "default-scheduler")
        scheduler =
            schedules
            ? Scheduler(client: own, informers: informers, events: schedulerEvents) { report("scheduler: \($0)") } : nil
        simulatedNodes = simulation.map { [informers] configuration in
            SimulatedNodes(configuration, informers: informers, report: { report("simulated nodes: \($0)") }) { node in
                server.client(user: "system:node:\(node)", groups: ["system:nodes"], userAgent: "simulated-kubelet")
            }
        }
        var settings = ControllerSettings()
        settings.authority = server.clusterAuthority
        settings.localVolumes = localVolumes
        // Simulated nodes have no pods that an address would lead to, and more of them come than there are parts.
        settings.clusterCIDRs = simulation == nil ? server.configuration.network.clusterCIDRs : []
        settings.nodeMaskSizes = (nodes.maskSize, nil)
        settings.nodeGracePeriod = nodes.gracePeriod
        settings.servingApproval = server.servingApproval
        settings.clusterDNSNode = server.configuration.clusterDNSNode
        settings.hasClusterDNS = server.clusterDNSAddress != nil
        settings.loadBalancers = loadBalancers
        settings.isPortOccupied = isPortOccupied
        let chosen = ControllerManager.all.filter { choice.contains($0.name) }
        controllers = ControllerManager(chosen, informers: informers, settings: settings, report: report) { user, component in
            server.client(
                user: user, groups: ["system:serviceaccounts", "system:serviceaccounts:kube-system"],
                userAgent: "kube-controller-manager/\(component)")
        }
    }

    /// What is said of nodes at the start of a control plane.
    package struct NodeSettings: Sendable {
        /// The prefix length of a node's part of the pods' IPv4 network; nil: 24.
        package var maskSize: Int?
        /// After so long without a word a node counts as lost; nil: 50 s.
        package var gracePeriod: Duration?
        package init() {}
    }

    /// Works until the task is cancelled. Once only.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.informers.run() }
            group.addTask { await self.schedulerEvents.run() }
            if let scheduler { group.addTask { await scheduler.run() } }
            group.addTask { await self.controllers.run() }
            if let simulatedNodes { group.addTask { await simulatedNodes.run() } }
        }
    }
}
