internal import CRI
internal import Kubelet

/// A runtime whose requests an experiment hears of first: it notes them, holds them up, or lets them fail.
struct WatchedRuntime: RuntimeService {
    let base: any RuntimeService
    let watch: NodeWatch
    /// Whether stops are noted here; a simulated runtime keeps its own journal.
    let notesRequests: Bool

    private func owner(_ id: String) async -> (pod: String, container: ContainerMetadata, isRunning: Bool)? {
        guard let status = try? await base.containerStatus(id) else { return nil }
        return (status.labels[RuntimeLabels.podName] ?? "", status.metadata, status.state == .running)
    }

    func runPodSandbox(_ config: PodSandboxConfig) async throws(RuntimeError) -> String {
        try await watch.reach(.sandbox, config.metadata.name)
        return try await base.runPodSandbox(config)
    }

    func createContainer(sandbox id: String, _ config: ContainerConfig, _ sandboxConfig: PodSandboxConfig) async throws(RuntimeError)
        -> String
    {
        try await watch.reach(.create, sandboxConfig.metadata.name, config.metadata.name)
        return try await base.createContainer(sandbox: id, config, sandboxConfig)
    }

    func startContainer(_ id: String) async throws(RuntimeError) {
        guard let (pod, container, _) = await owner(id) else { return try await base.startContainer(id) }
        do throws(RuntimeError) {
            try await watch.reach(.start, pod, container.name)
            try await base.startContainer(id)
        } catch {
            if notesRequests { note(.startFailed, pod, container) }
            throw error
        }
    }

    func stopContainer(_ id: String, timeout: Duration) async throws(RuntimeError) {
        if let (pod, container, isRunning) = await owner(id), isRunning {
            try await watch.reach(.stop, pod, container.name)
            if notesRequests, timeout > .zero { note(.stopping, pod, container) }
        }
        try await base.stopContainer(id, timeout: timeout)
    }

    private func note(_ what: Happening.What, _ pod: String, _ container: ContainerMetadata) {
        let happening = Happening(at: watch.elapsed(), pod: pod, container: container.name, attempt: Int(container.attempt), what: what)
        watch.record.add(happening)
        watch.tell(happening)
    }

    func execSync(_ id: String, command: [String], timeout: Duration?) async throws(RuntimeError) -> ExecSyncResult {
        if let (pod, container, _) = await owner(id) {
            try await watch.reach(.exec, pod, container.name)
            if watch.failsExec(pod, container.name) {
                throw RuntimeError(.failed, "exec \(command.joined(separator: " ")): refused by the experiment")
            }
        }
        return try await base.execSync(id, command: command, timeout: timeout)
    }

    // MARK: Handed on as it is

    func stopPodSandbox(_ id: String) async throws(RuntimeError) { try await base.stopPodSandbox(id) }
    func removePodSandbox(_ id: String) async throws(RuntimeError) { try await base.removePodSandbox(id) }
    func podSandboxStatus(_ id: String) async throws(RuntimeError) -> PodSandboxStatus { try await base.podSandboxStatus(id) }
    func listPodSandbox(_ filter: PodSandboxFilter) async throws(RuntimeError) -> [PodSandboxStatus] {
        try await base.listPodSandbox(filter)
    }
    func removeContainer(_ id: String) async throws(RuntimeError) { try await base.removeContainer(id) }
    func listContainers(_ filter: ContainerFilter) async throws(RuntimeError) -> [ContainerStatus] { try await base.listContainers(filter) }
    func containerStatus(_ id: String) async throws(RuntimeError) -> ContainerStatus { try await base.containerStatus(id) }
    func updateContainerResources(_ id: String, _ resources: LinuxContainerResources) async throws(RuntimeError) {
        try await base.updateContainerResources(id, resources)
    }
    func reopenContainerLog(_ id: String) async throws(RuntimeError) { try await base.reopenContainerLog(id) }
    func exec(_ id: String, command: [String], streams: StreamOptions) async throws(RuntimeError) -> ContainerStreams {
        try await base.exec(id, command: command, streams: streams)
    }
    func attach(_ id: String, streams: StreamOptions) async throws(RuntimeError) -> ContainerStreams {
        try await base.attach(id, streams: streams)
    }
    func portForward(sandbox id: String, port: UInt16) async throws(RuntimeError) -> any ByteChannel {
        try await base.portForward(sandbox: id, port: port)
    }
    func listContainerStats(_ filter: ContainerFilter) async throws(RuntimeError) -> [ContainerStats] {
        try await base.listContainerStats(filter)
    }
    func listPodSandboxStats(_ filter: PodSandboxFilter) async throws(RuntimeError) -> [PodSandboxStats] {
        try await base.listPodSandboxStats(filter)
    }
    func events() -> AsyncStream<ContainerEvent> { base.events() }
}

/// An image store in which some images are missing while an experiment says so.
struct WatchedImages: ImageService {
    let base: any ImageService
    let watch: NodeWatch

    func listImages() async throws(RuntimeError) -> [Image] { try await base.listImages() }

    func imageStatus(_ spec: ImageSpec) async throws(RuntimeError) -> Image? {
        watch.isMissing(image: spec.image) ? nil : try await base.imageStatus(spec)
    }

    func pullImage(_ spec: ImageSpec, auth: AuthConfig?) async throws(RuntimeError) -> String {
        if watch.isMissing(image: spec.image) { throw RuntimeError(.notFound, "pull \(spec.image): missing by the experiment") }
        return try await base.pullImage(spec, auth: auth)
    }

    func removeImage(_ spec: ImageSpec) async throws(RuntimeError) { try await base.removeImage(spec) }
    func imageFsInfo() async throws(RuntimeError) -> [FilesystemUsage] { try await base.imageFsInfo() }
}
