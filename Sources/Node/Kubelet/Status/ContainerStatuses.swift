internal import APIMachinery
internal import CRI
package import KubernetesAPI

/// Why the last attempt to start a container came to nothing.
package struct StartFailure: Sendable, Hashable, Error, CustomStringConvertible {
    /// Of the waiting state: `ErrImagePull`, `CreateContainerConfigError`, …
    package var reason: String
    package var message: String
    package init(_ reason: String, _ message: String) {
        self.reason = reason
        self.message = message
    }
    package var description: String { "\(reason): \(message)" }
}

/// Container statuses as the API shows them, from what the runtime has and what was known before.
package struct ContainerStatusBuilder {
    package var pod: Pod
    package var runtime: PodRuntimeStatus
    package var failures: [String: StartFailure] = [:]
    /// Termination messages by container id.
    package var messages: [String: String] = [:]
    package var probes = ProbeVerdicts()
    /// Of running containers that have other resources than at their start, by name.
    package var givenResources: [String: ResourceRequirements] = [:]
    package var old: PodStatus

    package init(_ pod: Pod, _ runtime: PodRuntimeStatus, old: PodStatus) {
        self.pod = pod
        self.runtime = runtime
        self.old = old
    }

    /// Sorted by name.
    package func regular() -> [APIContainerStatus] {
        build(pod.spec.containers, old.containerStatuses).sorted { $0.name < $1.name }
    }

    /// In the order of the spec.
    package func initial() -> [APIContainerStatus] { build(pod.spec.initContainers, old.initContainerStatuses) }

    /// Sorted by name.
    package func ephemeral() -> [APIContainerStatus] {
        build(pod.ephemeralContainers, old.ephemeralContainerStatuses).sorted { $0.name < $1.name }
    }

    private func build(_ containers: [Container], _ old: [APIContainerStatus]) -> [APIContainerStatus] {
        containers.map { container in
            let before = old.first { $0.name == container.name }
            var status = observed(container, before) ?? unseen(container, before)
            applyFailure(container, &status)
            finish(container, &status)
            return status
        }
    }

    /// From the runtime's newest instance and the one before; nil when it has none.
    private func observed(_ container: Container, _ before: APIContainerStatus?) -> APIContainerStatus? {
        let instances = runtime.instances(container.name)
        guard let latest = instances.first else { return nil }
        var status = APIContainerStatus {
            $0.name = container.name
            $0.image = latest.image.userSpecifiedImage.isEmpty ? latest.image.image : latest.image.userSpecifiedImage
            $0.imageID = latest.imageRef.isEmpty ? latest.imageID : latest.imageRef
            $0.containerID = ContainerID.text(latest.id)
            $0.restartCount = Int32(clamping: latest.metadata.attempt)
            $0.state = state(of: latest)
            $0.allocatedResources = container.resources.requests
            $0.resources = givenResources[container.name] ?? container.resources
            $0.user = Self.user(latest.user)
        }
        status.lastState = instances.count > 1 ? state(of: instances[1]) : remembered(before, current: status.containerID)
        return status
    }

    /// How the instance before the current one ended, when the runtime has forgotten it.
    private func remembered(_ before: APIContainerStatus?, current: String?) -> APIContainerState {
        guard let before else { return ContainerState() }
        let candidate = before.containerID != current && before.state.terminated != nil ? before.state : before.lastState
        return candidate.terminated?.containerID == current ? ContainerState() : candidate
    }

    private static func user(_ user: CRI.ContainerUser?) -> KubernetesAPI.ContainerUser? {
        user.map { user in
            KubernetesAPI.ContainerUser {
                $0.linux = LinuxContainerUser {
                    $0.uid = user.uid
                    $0.gid = user.gid
                    $0.supplementalGroups = user.supplementalGroups
                }
            }
        }
    }

    /// Never started, or lost by the runtime.
    private func unseen(_ container: Container, _ before: APIContainerStatus?) -> APIContainerStatus {
        if let before, before.state.terminated != nil { return before }
        var status = APIContainerStatus {
            $0.name = container.name
            $0.image = container.image ?? ""
            $0.restartCount = before?.restartCount ?? 0
            $0.lastState = before?.lastState ?? ContainerState()
            $0.state.waiting = ContainerStateWaiting {
                $0.reason =
                    pod.spec.initContainers.isEmpty || pod.isEphemeralContainer(container.name) ? "ContainerCreating" : "PodInitializing"
            }
        }
        if let before, before.state.running != nil, status.lastState.terminated == nil {
            status.lastState.terminated = ContainerStateTerminated {
                $0.exitCode = 137
                $0.reason = "ContainerStatusUnknown"
                $0.message = "The container could not be located when the pod was deleted.  The container used to be Running"
            }
            if !pod.isDeleted { status.restartCount += 1 }
        }
        return status
    }

    private func state(of container: RuntimeContainer) -> APIContainerState {
        ContainerState { state in
            switch container.state {
            case .created: state.waiting = ContainerStateWaiting()
            case .running: state.running = ContainerStateRunning { $0.startedAt = Self.time(container.startedAt) }
            case .unknown:
                state.terminated = ContainerStateTerminated {
                    $0.exitCode = 137
                    $0.reason = "ContainerStatusUnknown"
                    $0.message = "The container could not be located when the pod was terminated"
                    $0.containerID = ContainerID.text(container.id)
                }
            case .exited:
                state.terminated = ContainerStateTerminated {
                    $0.exitCode = container.exitCode
                    $0.reason = container.reason.isEmpty ? (container.exitCode == 0 ? "Completed" : "Error") : container.reason
                    $0.message = message(of: container)
                    // A start that failed has no time: the epoch.
                    $0.startedAt = Self.time(container.startedAt)
                    $0.finishedAt = Self.time(container.finishedAt)
                    $0.containerID = ContainerID.text(container.id)
                }
            }
        }
    }

    /// The runtime's, then what the program left.
    private func message(of container: RuntimeContainer) -> String? {
        let parts = [container.message, messages[container.id] ?? ""].filter { !$0.isEmpty }
        return parts.isEmpty ? nil : parts.joined(separator: ": ")
    }

    private static func time(_ nanoseconds: Int64) -> Timestamp {
        Timestamp(nanosecondsSinceEpoch: nanoseconds).truncatedToSeconds
    }

    /// A container that could not be started, and is going to be tried again, waits.
    private func applyFailure(_ container: Container, _ status: inout APIContainerStatus) {
        guard let failure = failures[container.name] else { return }
        let latest = runtime.latest(container.name)
        if pod.isInitContainer(container.name), !container.isSidecar, latest?.hasSucceeded ?? false { return }
        guard RestartDecision.shouldStart(container, in: pod, runtime) else { return }
        if status.state.terminated != nil { status.lastState = status.state }
        status.state = ContainerState {
            $0.waiting = ContainerStateWaiting {
                $0.reason = failure.reason
                $0.message = failure.message.isEmpty ? nil : failure.message
            }
        }
    }

    /// A running container is started and ready when its probes say so; a plain init container is ready once it has done its work.
    private func finish(_ container: Container, _ status: inout APIContainerStatus) {
        let isPlainInit = pod.isInitContainer(container.name) && !container.isSidecar
        if pod.isEphemeralContainer(container.name) {
            (status.started, status.ready) = (nil, false)  // they are never waited for
        } else if isPlainInit {
            status.started = status.state.running != nil
            status.ready = status.state.terminated?.exitCode == 0
        } else {
            let running = status.state.running == nil ? nil : runtime.latest(container.name)
            status.started = running.map { probes.isStarted(container, id: $0.id) } ?? false
            status.ready = running.map { probes.isReady(container, id: $0.id) } ?? false
        }
        status.volumeMounts = container.volumeMounts.map { mount in
            VolumeMountStatus {
                $0.name = mount.name
                $0.mountPath = mount.mountPath
                $0.readOnly = mount.readOnly
                $0.recursiveReadOnly = recursiveReadOnly(mount, of: container)
            }
        }
    }

    /// What became of the wish, for every read-only mount: what the runtime has of it, and before that no.
    private func recursiveReadOnly(_ mount: VolumeMount, of container: Container) -> String? {
        guard mount.readOnly ?? false else { return nil }
        let mounts = runtime.latest(container.name)?.mounts ?? []
        let path = mount.mountPath.hasPrefix("/") ? mount.mountPath : "/" + mount.mountPath
        let isRecursive = mounts.contains { $0.containerPath == path && $0.recursiveReadOnly }
        return isRecursive ? "Enabled" : "Disabled"
    }
}

package enum ContainerID {
    static let scheme = "swiftlet://"
    package static func text(_ id: String) -> String { scheme + id }
    /// The runtime's id in `swiftlet://<id>`.
    package static func parse(_ text: String) -> String? { text.hasPrefix(scheme) ? String(text.dropFirst(scheme.count)) : nil }
}
