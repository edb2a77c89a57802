internal import KubernetesAPI

package enum PullPolicy: String, Sendable, Hashable {
    case always = "Always", ifNotPresent = "IfNotPresent", never = "Never"

    /// The container's, or else what its image's tag says: `latest` may change, others do not.
    package init(_ container: Container) {
        self = container.imagePullPolicy.flatMap { PullPolicy(rawValue: $0) } ?? Self.default(image: container.image ?? "")
    }

    static func `default`(image: String) -> PullPolicy {
        if image.contains("@") { return .ifNotPresent }
        let name = image.split(separator: "/").last ?? ""
        let tag = name.split(separator: ":", maxSplits: 1).dropFirst().first
        return tag == nil || tag == "latest" ? .always : .ifNotPresent
    }
}
