/// The container runtime port, with the names and rules of CRI v1's `RuntimeService`.
///
/// Implemented by the native runtime, by a scripted one for simulation, and later by any CRI v1 endpoint.
package protocol RuntimeService: Sendable {
    /// Creates and starts the pod-level environment; success means ready. All or nothing.
    func runPodSandbox(_ config: PodSandboxConfig) async throws(RuntimeError) -> String
    /// Kills whatever still runs in the sandbox and releases its addresses. Idempotent, also for an unknown sandbox.
    func stopPodSandbox(_ id: String) async throws(RuntimeError)
    /// Removes the sandbox and its containers, by force. Idempotent.
    func removePodSandbox(_ id: String) async throws(RuntimeError)
    /// - Throws: `notFound` when unknown.
    func podSandboxStatus(_ id: String) async throws(RuntimeError) -> PodSandboxStatus
    func listPodSandbox(_ filter: PodSandboxFilter) async throws(RuntimeError) -> [PodSandboxStatus]

    /// Creates, does not run. `sandboxConfig` is that of `runPodSandbox`.
    func createContainer(sandbox id: String, _ config: ContainerConfig, _ sandboxConfig: PodSandboxConfig) async throws(RuntimeError)
        -> String
    /// - Throws: `failedPrecondition` unless created. A start that fails leaves the container exited, code 128, reason StartError.
    func startContainer(_ id: String) async throws(RuntimeError)
    /// Sends the stop signal, waits `timeout`, then SIGKILL; at once with `.zero`. Returns when it has ended. Idempotent.
    func stopContainer(_ id: String, timeout: Duration) async throws(RuntimeError)
    /// Kills if need be; removes everything but the log. Idempotent.
    func removeContainer(_ id: String) async throws(RuntimeError)
    func listContainers(_ filter: ContainerFilter) async throws(RuntimeError) -> [ContainerStatus]
    /// - Throws: `notFound` when unknown.
    func containerStatus(_ id: String) async throws(RuntimeError) -> ContainerStatus
    func updateContainerResources(_ id: String, _ resources: LinuxContainerResources) async throws(RuntimeError)
    func reopenContainerLog(_ id: String) async throws(RuntimeError)
    /// Runs a command and collects its output. `timeout` nil: none.
    /// - Throws: `deadlineExceeded` when the time is over; the command and its children are killed.
    func execSync(_ id: String, command: [String], timeout: Duration?) async throws(RuntimeError) -> ExecSyncResult

    /// Runs a command in a running container, joined by streams. A command whose streams are closed goes on without them.
    func exec(_ id: String, command: [String], streams: StreamOptions) async throws(RuntimeError) -> ContainerStreams
    /// Joins a running container's streams: its output from now on.
    func attach(_ id: String, streams: StreamOptions) async throws(RuntimeError) -> ContainerStreams
    /// Connects to a TCP port of `localhost` as the sandbox sees it, IPv4 first.
    func portForward(sandbox id: String, port: UInt16) async throws(RuntimeError) -> any ByteChannel

    /// Use of resources, of running containers. One whose figures cannot be read is left out.
    func listContainerStats(_ filter: ContainerFilter) async throws(RuntimeError) -> [ContainerStats]
    /// Use of resources of whole pods, of sandboxes that are ready.
    func listPodSandboxStats(_ filter: PodSandboxFilter) async throws(RuntimeError) -> [PodSandboxStats]

    /// Events from now on, in order. A reader that falls behind gets `.resync`.
    func events() -> AsyncStream<ContainerEvent>
}

/// The image port, with the names and rules of CRI v1's `ImageService`.
package protocol ImageService: Sendable {
    func listImages() async throws(RuntimeError) -> [Image]
    /// nil when absent: that is no error.
    func imageStatus(_ spec: ImageSpec) async throws(RuntimeError) -> Image?
    /// Returns the image's id. What is there already is compared with what the registry has.
    /// - Parameter auth: nil: without credentials.
    func pullImage(_ spec: ImageSpec, auth: AuthConfig?) async throws(RuntimeError) -> String
    func removeImage(_ spec: ImageSpec) async throws(RuntimeError)
    func imageFsInfo() async throws(RuntimeError) -> [FilesystemUsage]
}

package enum ContainerEvent: Sendable, Hashable {
    case started(containerID: String, sandboxID: String, podUID: String)
    case exited(containerID: String, sandboxID: String, podUID: String)
    case removed(containerID: String, sandboxID: String, podUID: String)
    /// The sandbox died or changed as a whole, for example because its supervisor was killed.
    case sandboxChanged(sandboxID: String, podUID: String)
    /// Events may have been missed: look at everything.
    case resync
}
