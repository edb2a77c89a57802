package import CRI
internal import Synchronization

/// Who has to know which pod has which addresses: before anything in the pod runs, and when it has them no more.
package struct PodAddressWatch: Sendable {
    /// The pod runs only when this returns; when it throws, its sandbox does not come about.
    package var attached: @Sendable (PodSandboxStatus) async throws -> Void
    /// Must be short.
    package var detached: @Sendable (PodSandboxStatus) -> Void

    package init(
        attached: @escaping @Sendable (PodSandboxStatus) async throws -> Void, detached: @escaping @Sendable (PodSandboxStatus) -> Void
    ) {
        (self.attached, self.detached) = (attached, detached)
    }
}

extension NativeRuntime {
    /// One at most; of sandboxes that there are already it is not told.
    package func watchAddresses(_ watch: PodAddressWatch?) { addressWatch.withLock { $0 = watch } }

    func tellAttached(_ id: String) async throws {
        guard let watch = addressWatch.withLock({ $0 }), let sandbox = registry.sandbox(id), !sandbox.addresses.isEmpty else { return }
        try await watch.attached(sandbox.status)
    }

    func tellDetached(_ sandbox: Sandbox) {
        guard let watch = addressWatch.withLock({ $0 }), !sandbox.addresses.isEmpty else { return }
        watch.detached(sandbox.status)
    }
}
