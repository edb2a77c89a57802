internal import APIMachinery

/// The profile of every built-in kind that is stored, by the schema's type.
enum KindProfiles {
    static func profile(of type: String) -> KindProfile { all[type] ?? KindProfile() }

    private static let all: [String: KindProfile] = {
        var all: [String: KindProfile] = [:]
        for group in [core, workloads, network, storage, cluster, access, extensions] {
            all.merge(group) { first, _ in first }
        }
        return all
    }()

    static let scaleOfWorkload = ScalePaths(
        specReplicas: ".spec.replicas", statusReplicas: ".status.replicas", selector: ".spec.selector")
}
