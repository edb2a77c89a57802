package import APIMachinery
package import KubernetesClient

/// All controllers over one set of informers. Each acts as its own service account, as kube-controller-manager's do with
/// `--use-service-account-credentials`.
package struct ControllerManager: Sendable {
    /// Every controller there is, in the order of their start.
    package static let all: [any Controller.Type] = WorkloadControllers.all + ClusterControllers.all

    private let controllers: [any Controller]
    private let recorders: [EventRecorder]

    /// - Parameters:
    ///   - client: Acts as a user of the groups `system:serviceaccounts` and `system:serviceaccounts:kube-system`.
    ///   - report: Told of what goes wrong and is tried again, a line each.
    package init(
        _ types: [any Controller.Type] = all, informers: SharedInformers, time: any TimeSource = MachineTime(),
        settings: ControllerSettings = .init(),
        report: @escaping @Sendable (String) -> Void, client: (_ user: String, _ component: String) -> Client
    ) {
        var controllers: [any Controller] = []
        var recorders: [EventRecorder] = []
        for type in types {
            let own = client(type.user, type.name)
            let events = EventRecorder(own, component: type.eventSource, time: time)
            recorders.append(events)
            controllers.append(
                type.init(
                    ControllerContext(client: own, informers: informers, events: events, time: time, settings: settings) {
                        report("\(type.name): \($0)")
                    }))
        }
        self.controllers = controllers
        self.recorders = recorders
    }

    /// Works until the task is cancelled. The informers must run.
    package func run() async {
        await withDiscardingTaskGroup { group in
            for recorder in recorders { group.addTask { await recorder.run() } }
            for controller in controllers { group.addTask { await controller.run() } }
        }
    }
}
