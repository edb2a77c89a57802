import Synchronization

/// Whether the objects of the beginning are all there. Until then the server listens, and says that it is not ready.
final class BootstrapProgress: Sendable {
    /// As kube-apiserver calls what it does after it has begun to listen.
    static let checkName = "poststarthook/bootstrap-objects"

    private let isComplete = Atomic(false)

    func complete() { isComplete.store(true, ordering: .releasing) }

    /// - Returns: What is wrong; nil when nothing is.
    var problem: String? { isComplete.load(ordering: .acquiring) ? nil : "not finished" }
}
