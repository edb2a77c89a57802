internal import CRI
internal import KubernetesAPI

/// Stops a container in the way its pod asked for: hook, turn, signal, kill.
struct ContainerStop: Sendable {
    /// When hooks and other containers have used up the grace period, a program still gets this long between the signal and the kill. (The
    /// kubelet gives it to a pod with a grace period of 1 s too, which therefore ends a second after it should.)
    private static let lastSeconds: Int64 = 2

    let pod: Pod
    let node: NodeServices
    let gracePeriodSeconds: Int64

    /// - Parameter message: Of the event; nil: `Stopping container <name>`.
    /// - Returns: What went wrong; nil when it has ended.
    @discardableResult
    func run(_ container: Container, id: String, podIP: String, message: String? = nil, order: TerminationOrder?) async -> RuntimeError? {
        node.events.send(.normal, "Killing", message ?? "Stopping container \(container.name)", pod, container: container.name)
        let steps = node.table[pod.uid]?.steps
        var remaining = gracePeriodSeconds
        if remaining > 0, let handler = container.lifecycle?.preStop {
            let step = steps?.add(PodStep(.preStop, container: container.name, begin: node.clock.wallTime))
            remaining -= await wholeSeconds { await runPreStop(handler, container, id, podIP, within: remaining) }
            if let step { steps?.end(step, at: node.clock.wallTime) }
        }
        if remaining > 0, let order {
            let limit = Duration.seconds(remaining)
            remaining -= await wholeSeconds {
                _ = await node.background.run(within: limit, node.clock) { await order.waitForTurn(container.name) }
            }
        }
        let timeout = Duration.seconds(remaining > 0 ? remaining : Self.lastSeconds)
        defer { order?.hasEnded(container.name) }
        let why = message ?? "Stopping container \(container.name)"
        let step = steps?.add(
            PodStep(
                .stop, container: container.name, begin: node.clock.wallTime,
                detail: "\(why); \(timeout.components.seconds) s from the signal to the kill"))
        do {
            try await node.runtime.stopContainer(id, timeout: timeout)
            if let step { steps?.end(step, at: node.clock.wallTime) }
            return nil
        } catch {
            if let step { steps?.end(step, at: node.clock.wallTime, failure: error.description) }
            return error.code == .notFound ? nil : error
        }
    }

    private func wholeSeconds(_ body: () async -> Void) async -> Int64 {
        let begin = node.clock.now
        await body()
        return (node.clock.now - begin).components.seconds
    }

    /// A hook that takes longer than the grace period is left to itself; the container's end is its end.
    private func runPreStop(
        _ handler: LifecycleHandler, _ container: Container, _ id: String, _ podIP: String, within seconds: Int64
    ) async {
        let hook = LifecycleHook(handler: handler, container: container, containerID: id, pod: pod, podIP: podIP, node: node)
        _ = await node.background.run(within: .seconds(seconds), node.clock) {
            guard await hook.run() != nil else { return }
            node.events.send(.warning, "FailedPreStopHook", "PreStopHook failed", pod, container: container.name)
        }
    }
}
