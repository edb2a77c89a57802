package import CRI

extension NativeRuntime {
    package func containerStatus(_ id: String) async throws(RuntimeError) -> ContainerStatus {
        try container(id).status
    }

    package func listContainers(_ filter: ContainerFilter) async throws(RuntimeError) -> [ContainerStatus] {
        let candidates: [Container] =
            if let id = filter.id {
                registry.container(id).map { [$0] } ?? []
            } else if let sandboxID = filter.sandboxID {
                registry.sandbox(sandboxID)?.containers ?? []
            } else {
                registry.containers
            }
        return candidates.map(\.status).filter(filter.accepts).sorted { $0.createdAt < $1.createdAt }
    }
}

extension ContainerFilter {
    fileprivate func accepts(_ status: ContainerStatus) -> Bool {
        (id == nil || id == status.id) && (state == nil || state == status.state)
            && (sandboxID == nil || sandboxID == status.sandboxID) && labels.allSatisfy { status.labels[$0] == $1 }
    }
}
