package import APIMachinery
package import KubernetesClient

/// A loop that brings one part of the cluster's state to what is asked for: watches objects, compares, and writes the difference.
package protocol Controller: Sendable {
    /// Also the name of its service account in `kube-system`, for example `deployment-controller`.
    static var name: String { get }
    /// The component in its Events, where that is not the name.
    static var eventSource: String { get }
    /// Who it acts as, where that is not its service account.
    static var user: String { get }
    init(_ context: ControllerContext)
    /// Works until the task is cancelled.
    func run() async
}

extension Controller {
    package static var eventSource: String { name }
    package static var user: String { "system:serviceaccount:kube-system:\(name)" }
}

/// What a controller works with.
package struct ControllerContext: Sendable {
    /// Acts as the controller's own service account.
    package var client: Client
    /// Shared by all controllers; a controller asks for what it reads in its initialiser, so that one sync waits for all.
    package var informers: SharedInformers
    package var events: EventRecorder
    package var time: any TimeSource
    /// Told of what goes wrong and is tried again, a line each.
    package var report: @Sendable (String) -> Void
    package var settings: ControllerSettings

    package init(
        client: Client, informers: SharedInformers, events: EventRecorder, time: any TimeSource, settings: ControllerSettings = .init(),
        report: @escaping @Sendable (String) -> Void
    ) {
        self.settings = settings
        self.client = client
        self.informers = informers
        self.events = events
        self.time = time
        self.report = report
    }
}

extension ControllerContext {
    /// Tells of a failure that is worth a line. That an object was changed or has gone while it was being written is everyday: its change
    /// brings the controller back.
    func reportFailure(of key: some CustomStringConvertible, _ error: any Error) {
        if let error = error as? ClientError, error.isConflict || error.isNotFound { return }
        report("\(key): \(error)")
    }
}
