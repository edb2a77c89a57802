package import CRI

extension NativeRuntime {
    package func podSandboxStatus(_ id: String) async throws(RuntimeError) -> PodSandboxStatus {
        try sandbox(id).status
    }

    package func listPodSandbox(_ filter: PodSandboxFilter) async throws(RuntimeError) -> [PodSandboxStatus] {
        registry.sandboxes.map(\.status).filter(filter.accepts).sorted { $0.createdAt < $1.createdAt }
    }
}

extension PodSandboxFilter {
    fileprivate func accepts(_ status: PodSandboxStatus) -> Bool {
        (id == nil || id == status.id) && (state == nil || state == status.state)
            && labels.allSatisfy { status.labels[$0] == $1 }
    }
}
