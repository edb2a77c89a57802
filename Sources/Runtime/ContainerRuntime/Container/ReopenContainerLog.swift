package import CRI

extension NativeRuntime {
    package func reopenContainerLog(_ id: String) async throws(RuntimeError) {
        try await verb("reopen the log of container \(name(id))") {
            try await blocking { [self] in
                let container = try container(id)
                guard container.isRunning, let client = container.sandbox.connection?.client else {
                    throw RuntimeError(.failedPrecondition, "container is not running")
                }
                try client.reopenLog(container.id)
            }
        }
    }
}
