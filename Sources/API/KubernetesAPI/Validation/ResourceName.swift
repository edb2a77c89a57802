/// What kind of resource a name stands for.
enum ResourceName {
    static let standardOfContainers: Set<String> = ["cpu", "memory", "ephemeral-storage"]
    private static let standardElsewhere: Set<String> = [
        "storage", "requests.cpu", "requests.memory", "requests.storage", "requests.ephemeral-storage", "limits.cpu",
        "limits.memory", "limits.ephemeral-storage", "pods", "resourcequotas", "services", "replicationcontrollers",
        "secrets", "configmaps", "persistentvolumeclaims", "services.nodeports", "services.loadbalancers",
    ]

    static func isHugePages(_ name: String) -> Bool { name.hasPrefix("hugepages-") }
    static func isOfContainers(_ name: String) -> Bool { standardOfContainers.contains(name) || isHugePages(name) }
    static func isStandard(_ name: String) -> Bool {
        isOfContainers(name) || standardElsewhere.contains(name) || name.hasPrefix("requests.hugepages-")
    }

    /// Kubernetes's own: without a domain, or in `kubernetes.io/`.
    static func isNative(_ name: String) -> Bool { !name.contains("/") || name.contains("kubernetes.io/") }

    /// A device or the like in a domain of its own. It has to be a label's key behind `requests.` too.
    static func isExtended(_ name: String) -> Bool { !isNative(name) && !name.hasPrefix("requests.") }

    /// Whether limits may be larger than requests.
    static func allowsOvercommit(_ name: String) -> Bool { isNative(name) && !isHugePages(name) }
}
