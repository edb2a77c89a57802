internal import APIMachinery
internal import KubernetesClient

/// Why an object that a pod takes something from could not be read. The text is what events and statuses say.
package struct ObjectError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        /// There is no such object: whoever calls it optional goes on without it.
        case notFound
        /// Trying again may help.
        case failed
        /// There is nobody to ask.
        case unavailable
    }
    package let kind: Kind
    package let description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    package var isNotFound: Bool { kind == .notFound }

    /// - Parameter kind: As the kubelet's messages have it: `configmap`.
    static func notFound(_ kind: String, _ name: String) -> ObjectError { ObjectError(.notFound, "\(kind) \"\(name)\" not found") }
}

extension ObjectError {
    init(_ error: ClientError) { self.init(error.isNotFound ? .notFound : .failed, error.status?.message ?? error.description) }
}
