package import APIMachinery
internal import KubernetesAPI

/// What is served: groups, versions, resources. A value; a change of definitions makes a new one.
package struct ResourceRegistry: Sendable {
    package struct GroupVersion: Hashable, Sendable {
        package var group: String
        package var version: String
        package init(group: String, version: String) {
            self.group = group
            self.version = version
        }
        package var text: String { group.isEmpty ? version : "\(group)/\(version)" }
    }
    private struct Key: Hashable, Sendable {
        var group: String
        var version: String
        var plural: String
    }

    private var byName: [Key: ResourceDefinition] = [:]
    /// In the order of discovery.
    package private(set) var resources: [ResourceDefinition] = []
    /// Group versions in the order of discovery: groups by priority, in each the preferred version first.
    package private(set) var groupVersions: [GroupVersion] = []

    package init(_ resources: [ResourceDefinition]) {
        self.resources = resources
        for resource in resources {
            byName[Key(group: resource.group, version: resource.version, plural: resource.plural)] = resource
        }
        groupVersions = Self.ordered(resources)
    }

    package func resource(group: String, version: String, plural: String) -> ResourceDefinition? {
        byName[Key(group: group, version: version, plural: plural)]
    }

    package func resource(kind: GroupVersionKind) -> ResourceDefinition? {
        resources.first { $0.kind == kind && $0.stored != nil }
    }

    package func hasGroup(_ group: String) -> Bool { groupVersions.contains { $0.group == group } }
    package func versions(of group: String) -> [String] { groupVersions.filter { $0.group == group }.map(\.version) }
    package var groups: [String] {
        var seen: Set<String> = []
        return groupVersions.map(\.group).filter { seen.insert($0).inserted }
    }
    package func resources(group: String, version: String) -> [ResourceDefinition] {
        resources.filter { $0.group == group && $0.version == version }
    }

    /// The resource under which namespaces, or any other built-in kind of the core, are stored.
    package func core(_ plural: String) -> ResourceDefinition? { resource(group: "", version: "v1", plural: plural) }

    /// Upstream's priorities; a group that is not among them was defined by its users.
    private static let groupOrder = [
        "", "apiregistration.k8s.io", "apps", "events.k8s.io", "authentication.k8s.io", "authorization.k8s.io", "autoscaling", "batch",
        "certificates.k8s.io", "networking.k8s.io", "policy", "rbac.authorization.k8s.io", "storage.k8s.io",
        "admissionregistration.k8s.io", "apiextensions.k8s.io", "scheduling.k8s.io", "coordination.k8s.io", "node.k8s.io",
        "discovery.k8s.io", "resource.k8s.io", "flowcontrol.apiserver.k8s.io",
    ]

    private static func ordered(_ resources: [ResourceDefinition]) -> [GroupVersion] {
        let all = Set(resources.map { GroupVersion(group: $0.group, version: $0.version) })
        return all.sorted { left, right in
            if left.group != right.group { return groupRank(left.group) < groupRank(right.group) }
            return VersionPriority(left.version) < VersionPriority(right.version)
        }
    }

    private static func groupRank(_ group: String) -> (Int, String) {
        (groupOrder.firstIndex(of: group) ?? groupOrder.count, group)
    }
}

/// The order of version names: released before beta before alpha, the higher number first, names of another form last.
package struct VersionPriority: Comparable {
    private let rank: (stability: Int, major: Int, minor: Int)
    private let text: String

    package init(_ text: String) {
        self.text = text
        rank = Self.parse(text) ?? (3, 0, 0)
    }

    package static func == (left: Self, right: Self) -> Bool { left.text == right.text }
    package static func < (left: Self, right: Self) -> Bool {
        if left.rank.stability != right.rank.stability { return left.rank.stability < right.rank.stability }
        if left.rank.stability == 3 { return left.text < right.text }
        if left.rank.major != right.rank.major { return left.rank.major > right.rank.major }
        return left.rank.minor > right.rank.minor
    }

    private static func parse(_ text: String) -> (Int, Int, Int)? {
        guard text.hasPrefix("v") else { return nil }
        let rest = text.dropFirst()
        let digits = rest.prefix { $0.isNumber }
        guard let major = Int(digits) else { return nil }
        let tail = rest.dropFirst(digits.count)
        if tail.isEmpty { return (0, major, 0) }
        for (name, stability) in [("beta", 1), ("alpha", 2)] where tail.hasPrefix(name) {
            return Int(tail.dropFirst(name.count)).map { (stability, major, $0) }
        }
        return nil
    }
}
