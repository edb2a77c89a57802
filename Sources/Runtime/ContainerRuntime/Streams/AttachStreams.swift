package import CRI
internal import LinuxSystem

extension NativeRuntime {
    package func attach(_ id: String, streams: StreamOptions) async throws(RuntimeError) -> ContainerStreams {
        let container = try container(id)
        let hasTerminal = container.spec.process.hasTerminal
        // A terminal has one output.
        let attached = try await attach(
            id, stdin: streams.stdin && container.config.stdin, stdout: streams.stdout, stderr: streams.stderr && !hasTerminal)
        return try await verb("attach to container \(name(id))") {
            func channel(_ box: DescriptorBox?) throws -> DescriptorChannel? {
                try box.map { try DescriptorChannel(try $0.fd.duplicate(), .socket) }
            }
            return ContainerStreams(
                stdin: try channel(attached.stdin), stdout: try channel(attached.stdout), stderr: try channel(attached.stderr),
                resize: { [self] size throws(RuntimeError) in
                    guard hasTerminal else { throw RuntimeError(.failedPrecondition, "the container has no terminal") }
                    try await resizeTerminal(id, size)
                },
                exit: { () throws(RuntimeError) in
                    _ = await container.ended.wait()
                    return nil
                })
        }
    }
}
