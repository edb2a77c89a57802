import Synchronization

/// What admission leaves for the audit log of the request that is being handled.
package final class AuditAnnotations: Sendable {
    /// Set by whoever writes an audit log; without one nothing is gathered.
    @TaskLocal package static var current: AuditAnnotations?

    private let gathered = Mutex<[String: String]>([:])

    package init() {}

    package func add(_ annotations: [String: String]) {
        gathered.withLock { $0.merge(annotations) { $1 } }
    }

    package var all: [String: String] { gathered.withLock { $0 } }
}
