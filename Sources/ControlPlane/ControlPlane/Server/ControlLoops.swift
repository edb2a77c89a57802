internal import APIMachinery
internal import Controllers
internal import KubernetesAPI
package import KubernetesClient
package import Scheduler

/// The scheduler and the controllers of an API server, as clients of it in this process: each with the identity, the rights and the admission
/// that it would have over the network.
package final class ControlLoops: Sendable {
    /// One list and one watch of each kind for all who read it; may list and watch everything.
    package let informers: SharedInformers
    package let scheduler: Scheduler
    private let controllers: ControllerManager
    private let schedulerEvents: EventRecorder

    /// - Parameter report: Told of what goes wrong and is tried again, a line each.
    package init(_ server: ControlPlaneServer, report: @escaping @Sendable (String) -> Void) {
        let manager = server.client(user: "system:kube-controller-manager", groups: [], userAgent: "kube-controller-manager")
        informers = SharedInformers(manager) { report("informer: \($0)") }
        let own = server.client(user: "system:kube-scheduler", groups: [], userAgent: "kube-scheduler")
        schedulerEvents = EventRecorder(own, component: "default-scheduler")
        scheduler = Scheduler(client: own, informers: informers, events: schedulerEvents) { report("scheduler: \($0)") }
        controllers = ControllerManager(informers: informers, report: report) { user, component in
            server.client(
                user: user, groups: ["system:serviceaccounts", "system:serviceaccounts:kube-system"],
                userAgent: "kube-controller-manager/\(component)")
        }
    }

    /// Works until the task is cancelled. Once only.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.informers.run() }
            group.addTask { await self.schedulerEvents.run() }
            group.addTask { await self.scheduler.run() }
            group.addTask { await self.controllers.run() }
        }
    }
}
