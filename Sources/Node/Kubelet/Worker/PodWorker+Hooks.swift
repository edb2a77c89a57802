internal import CRI
internal import KubernetesAPI

extension PodWorker {
    /// - Throws: The hook failed, and the container has been killed for it; or `interrupted`.
    mutating func runPostStart(
        _ container: Container, _ id: String, _ attempt: UInt32, podIP: String
    ) async throws(StartFailure) {
        guard let handler = container.lifecycle?.postStart else { return }
        let hook = LifecycleHook(
            handler: handler, container: container, containerID: id, pod: entry.pod, podIP: podIP, node: node)
        let step = note(.postStart, container.name, attempt: attempt)
        guard let outcome = await node.background.run(until: entry.interrupt, { await hook.run() }) else {
            close(step, failure: "interrupted")
            throw .interrupted
        }
        close(step, failure: outcome ?? "")
        guard let message = outcome else { return }
        send(.warning, "FailedPostStartHook", "PostStartHook failed", container: container.name)
        let stop = ContainerStop(pod: entry.pod, node: node, gracePeriodSeconds: entry.pod.terminationGracePeriodSeconds)
        await stop.run(container, id: id, podIP: podIP, message: "FailedPostStartHook", order: nil)
        throw StartFailure(StartFailure.postStartHookError, message)
    }
}
