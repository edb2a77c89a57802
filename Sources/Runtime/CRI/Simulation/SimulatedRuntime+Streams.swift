/// Simulated containers have no streams to join, and use nothing.
extension SimulatedRuntime {
    package func exec(_ id: String, command: [String], streams: StreamOptions) async throws(RuntimeError) -> ContainerStreams {
        throw RuntimeError(.unimplemented, "exec in container \(id): a simulated container has no streams")
    }

    package func attach(_ id: String, streams: StreamOptions) async throws(RuntimeError) -> ContainerStreams {
        throw RuntimeError(.unimplemented, "attach to container \(id): a simulated container has no streams")
    }

    package func portForward(sandbox id: String, port: UInt16) async throws(RuntimeError) -> any ByteChannel {
        throw RuntimeError(.unimplemented, "forward port \(port) of sandbox \(id): a simulated sandbox has no network")
    }

    package func listContainerStats(_ filter: ContainerFilter) async throws(RuntimeError) -> [ContainerStats] { [] }
    package func listPodSandboxStats(_ filter: PodSandboxFilter) async throws(RuntimeError) -> [PodSandboxStats] { [] }
}
