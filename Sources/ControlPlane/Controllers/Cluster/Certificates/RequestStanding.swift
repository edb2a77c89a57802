internal import APIMachinery
internal import KubernetesAPI

/// Where a request stands, and when it is old enough to go: pure decisions.
enum RequestStanding: Hashable, Sendable {
    case pending
    case approved
    case issued
    case denied
    case failed

    init(_ request: CertificateSigningRequest) {
        let conditions = Set(request.status.conditions.filter { $0.status == "True" }.map(\.type))
        if conditions.contains("Denied") {
            self = .denied
        } else if conditions.contains("Failed") {
            self = .failed
        } else if !(request.status.certificate?.bytes ?? []).isEmpty {
            self = .issued
        } else {
            self = conditions.contains("Approved") ? .approved : .pending
        }
    }

    /// Upstream's figures.
    private var keptFor: Duration { self == .pending ? .seconds(24 * 3600) : .seconds(3600) }

    /// - Parameter end: Of the certificate, if there is one.
    func isOver(_ request: CertificateSigningRequest, end: Timestamp?, now: Timestamp) -> Bool {
        if let end, end < now { return true }
        // An approved one that nobody signs waits for its signer.
        guard self != .approved else { return false }
        let changed = request.status.conditions.compactMap(\.lastUpdateTime).max() ?? request.metadata.creationTimestamp
        return changed.map { $0 + keptFor < now } ?? false
    }
}
