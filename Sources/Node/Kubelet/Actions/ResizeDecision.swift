internal import APIMachinery
package import CRI
package import KubernetesAPI

/// Changes of a running pod's resources: whether the node takes them, and what has to be done. Pure.
package enum ResizeDecision {
    package enum Feasibility: Sendable, Hashable {
        case feasible
        /// Not as long as other pods have what it takes.
        case deferred(Admission.Rejection)
        /// Never on this node.
        case infeasible(String)
    }

    /// - Parameter wanted: The pod as it would be.
    /// - Parameter others: The other pods that the node has taken.
    package static func judge(_ wanted: Pod, others: [Pod], _ configuration: KubeletConfiguration) -> Feasibility {
        let node = configuration.node
        let requests = PodResources.requests(wanted)
        func excess(_ name: String, _ amount: Int64, _ capacity: Int64?) -> String? {
            guard let capacity, amount > capacity else { return nil }
            return "Node didn't have enough capacity: \(name), requested: \(amount), capacity: \(capacity)"
        }
        if let text = excess("cpu", requests.milliValue("cpu"), node.allocatableMilliCPU)
            ?? excess("memory", requests.value("memory"), node.allocatableMemoryBytes)
        {
            return .infeasible(text)
        }
        return Admission.lack(wanted, others, configuration, nil).map { .deferred($0) } ?? .feasible
    }

    /// What a running container still has to be given.
    package struct Step: Sendable, Hashable {
        package var containerID: String
        package var name: String
        package var resources: LinuxContainerResources
        /// The program reads its limits at its start only.
        package var needsRestart: Bool
    }

    /// - Parameter given: Resources that containers were given since their start, by container id.
    package static func steps(
        _ pod: Pod, _ runtime: PodRuntimeStatus, given: [String: ResourceRequirements], _ configuration: KubeletConfiguration
    ) -> [Step] {
        (pod.sidecars + pod.spec.containers).compactMap { container in
            guard let latest = runtime.latest(container.name), latest.state == .running else { return nil }
            if let given = given[latest.id], given == container.resources { return nil }
            let wanted = LinuxContainerResources(container, in: pod, configuration)
            let before = given[latest.id].map { resources -> LinuxContainerResources in
                var old = container
                old.resources = resources
                return LinuxContainerResources(old, in: pod, configuration)
            }
            let actual = before ?? latest.resources
            let changesCPU = wanted.cpuShares != actual.cpuShares || wanted.cpuQuota != actual.cpuQuota
            let changesMemory = wanted.memoryLimitInBytes != actual.memoryLimitInBytes
            guard changesCPU || changesMemory else { return nil }
            let needsRestart =
                changesCPU && container.restarts(onResizeOf: "cpu") || changesMemory && container.restarts(onResizeOf: "memory")
            return Step(containerID: latest.id, name: container.name, resources: wanted, needsRestart: needsRestart)
        }
    }

    /// Limits of the pod grow somewhere, so that its own cgroup has to give way first.
    package static func grows(_ new: PodCgroup, _ old: PodCgroup) -> Bool {
        func grows(_ new: Int64?, _ old: Int64?) -> Bool { old.map { old in new.map { $0 > old } ?? true } ?? false }
        return new.cpuShares > old.cpuShares || grows(new.cpuQuota, old.cpuQuota) || grows(new.memoryBytes, old.memoryBytes)
    }

    /// What events say of a pod's resources: `{"containers":[…],"generation":2}`.
    package static func summary(_ pod: Pod, error: String? = nil) -> String {
        func list(_ containers: [Container]) -> JSONValue {
            .array(containers.map { ["name": .string($0.name), "resources": $0.resources.json] })
        }
        var summary = JSONObject()
        if !pod.sidecars.isEmpty { summary.append("initContainers", list(pod.sidecars)) }
        summary.append("containers", list(pod.spec.containers))
        summary.append("generation", .integer(pod.metadata.generation ?? 0))
        if let error { summary.append("error", .string(error)) }
        return JSONValue.object(summary).serializedText()
    }
}

extension Container {
    func restarts(onResizeOf resource: String) -> Bool {
        resizePolicy.contains { $0.resourceName == resource && $0.restartPolicy == "RestartContainer" }
    }
}

extension Pod {
    /// Resources of containers that can be changed, by name.
    var resizableResources: [String: ResourceRequirements] {
        Dictionary((sidecars + spec.containers).map { ($0.name, $0.resources) }) { first, _ in first }
    }

    /// The pod with other resources.
    func with(resources: [String: ResourceRequirements]) -> Pod {
        var pod = self
        for index in pod.spec.initContainers.indices { pod.spec.initContainers[index].take(resources) }
        for index in pod.spec.containers.indices { pod.spec.containers[index].take(resources) }
        return pod
    }
}

extension Container {
    fileprivate mutating func take(_ resources: [String: ResourceRequirements]) {
        if let own = resources[name] { self.resources = own }
    }
}
