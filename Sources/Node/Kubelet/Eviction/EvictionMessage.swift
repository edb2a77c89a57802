internal import APIMachinery
internal import KubernetesAPI

/// Why a pod is evicted, in upstream's words.
enum EvictionMessage {
    static func lowOnResource(
        _ threshold: EvictionThreshold, _ observed: SignalObservation?, _ pod: Pod, _ usage: PodConsumption?
    ) -> String {
        let resource = threshold.signal.resource
        var text = "The node was low on resource: \(resource). "
        if let observed {
            text +=
                "Threshold quantity: \(threshold.quantity(ofCapacity: observed.capacity)), "
                + "available: \(threshold.signal.quantity(observed.available)). "
        }
        for container in usage?.containers ?? [] {
            guard let used = amount(container, resource) else { continue }
            let request = request(container.name, pod, resource)
            guard used > (request?.value ?? 0) else { continue }
            text +=
                "Container \(container.name) was using \(Quantity(used).inBinaryUnits), request is \(request?.description ?? "0"), "
                + "has larger consumption of \(resource). "
        }
        return text
    }

    private static func amount(_ container: PodConsumption.OfContainer, _ resource: String) -> Int64? {
        switch resource {
        case "memory": container.workingSetBytes
        case "ephemeral-storage":
            container.rootfs.flatMap { rootfs in container.logs.map { rootfs.bytes + $0.bytes } }
        default: nil
        }
    }

    private static func request(_ name: String, _ pod: Pod, _ resource: String) -> Quantity? {
        pod.container(named: name)?.resources.requests[resource]
    }

    /// - Parameter pressures: At least one.
    static func refusal(_ pressures: [EvictionSignal.Pressure]) -> String {
        "The node had condition: [\(pressures.map(\.rawValue).joined(separator: " "))]. "
    }
}

/// What a pod may keep on the node's disk. Pure.
enum LocalStorageLimits {
    /// Whether there is anything to be kept to, so that nobody counts files for nothing.
    static func hasAny(_ pod: Pod) -> Bool {
        PodResources.limits(pod)["ephemeral-storage"] != nil
            || pod.spec.volumes.contains { ($0.emptyDir?.sizeLimit?.value ?? 0) > 0 }
    }

    /// - Returns: Which limit the pod is over, as it is told; nil: none.
    static func excess(_ pod: Pod, _ usage: PodConsumption, imagesAreApart: Bool) -> String? {
        for volume in pod.spec.volumes {
            guard let limit = volume.emptyDir?.sizeLimit, limit.value > 0, let used = usage.volumes[volume.name] else { continue }
            if used.bytes > limit.value { return "Usage of EmptyDir volume \"\(volume.name)\" exceeds the limit \"\(limit)\". " }
        }
        if let limit = PodResources.limits(pod)["ephemeral-storage"], usage.disk.bytes > limit.value {
            return "Pod ephemeral local storage usage exceeds the total limit of containers \(limit). "
        }
        for container in usage.containers {
            let limits = pod.spec.containers.first { $0.name == container.name }?.resources.limits
            guard let limit = limits?["ephemeral-storage"], limit.value > 0 else { continue }
            let used = (container.logs?.bytes ?? 0) + (imagesAreApart ? 0 : container.rootfs?.bytes ?? 0)
            if used > limit.value { return "Container \(container.name) exceeded its local ephemeral storage limit \"\(limit)\". " }
        }
        return nil
    }
}
