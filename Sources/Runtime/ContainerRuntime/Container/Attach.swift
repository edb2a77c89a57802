package import CRI

extension NativeRuntime {
    /// Connects to a running container's stdio: `kubectl attach`.
    ///
    /// - Returns: Sockets of the caller's; the output ends when the container does.
    package func attach(_ id: String, stdin: Bool, stdout: Bool, stderr: Bool) async throws(RuntimeError) -> Attachment {
        try await verb("attach to container \(name(id))") {
            try await blocking { [self] in
                let container = try container(id)
                guard container.isRunning, let client = container.sandbox.connection?.client else {
                    throw RuntimeError(.failedPrecondition, "container is not running")
                }
                return try client.attach(id, stdin: stdin, stdout: stdout, stderr: stderr)
            }
        }
    }

    /// Tells a container's terminal its size.
    package func resizeTerminal(_ id: String, _ size: TerminalSize) async throws(RuntimeError) {
        try await verb("resize the terminal of container \(name(id))") {
            try await blocking { [self] in
                guard let client = try container(id).sandbox.connection?.client else {
                    throw RuntimeError(.failedPrecondition, "container is not running")
                }
                try client.resize(id, rows: size.rows, columns: size.columns)
            }
        }
    }
}
