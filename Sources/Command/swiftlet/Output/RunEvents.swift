internal import Kubelet

/// Warnings of the node agent as they come, on stderr.
enum RunEvents {
    static func show(_ event: PodEvent) {
        guard event.kind == .warning else { return }
        Output.warn("\(event.podName): \(event.reason): \(event.message)")
    }
}
