internal import APIMachinery
internal import APIServer

/// Brings a default role or binding of an older release, or one that somebody has cut down, up to what this release needs.
///
/// As upstream's auto-reconciliation: what is missing is added, what was added by others stays, and an object whose annotation
/// `rbac.authorization.kubernetes.io/autoupdate` says false is left alone. Pure.
enum RoleReconciliation {
    static let annotation = "rbac.authorization.kubernetes.io/autoupdate"

    /// - Parameters:
    ///   - object: As it is.
    ///   - wanted: As this release has it.
    /// - Returns: nil when nothing is missing.
    static func mended(_ object: JSONObject, _ wanted: JSONObject) -> JSONObject? {
        let autoupdate = object["metadata"]?["annotations"]?[annotation]?.stringValue
        guard autoupdate != "false" else { return nil }
        var mended = object
        for member in ["labels", "annotations"] { addMembers(&mended, wanted, member) }
        // The rules of an aggregated role are gathered from others.
        if wanted["aggregationRule"] != nil { addSelectors(&mended, wanted) } else { addRules(&mended, wanted) }
        addSubjects(&mended, wanted)
        return mended == object ? nil : mended
    }

    private static func addMembers(_ object: inout JSONObject, _ wanted: JSONObject, _ member: String) {
        for (key, value) in (wanted["metadata"]?[member]?.objectValue?.members ?? []).map({ ($0.key, $0.value) })
        where object["metadata"]?[member]?[key] == nil {
            var members = object["metadata"]?[member] ?? [:]
            members[key] = value
            object["metadata", default: [:]][member] = members
        }
    }

    private static func addRules(_ object: inout JSONObject, _ wanted: JSONObject) {
        func rules(_ object: JSONObject) -> [PolicyRule] { PolicyRule.rules(of: .object(object)) }
        let missing = PolicyRule.missing(from: rules(object), of: rules(wanted))
        guard !missing.isEmpty else { return }
        object["rules"] = .array((object["rules"]?.arrayValue ?? []) + missing.map(\.json))
    }

    private static func addSelectors(_ object: inout JSONObject, _ wanted: JSONObject) {
        let present = object["aggregationRule"]?["clusterRoleSelectors"]?.arrayValue ?? []
        let missing = (wanted["aggregationRule"]?["clusterRoleSelectors"]?.arrayValue ?? []).filter { !present.contains($0) }
        guard !missing.isEmpty else { return }
        object["aggregationRule"] = ["clusterRoleSelectors": .array(present + missing)]
    }

    private static func addSubjects(_ object: inout JSONObject, _ wanted: JSONObject) {
        func identity(_ subject: JSONValue) -> [String] { ["kind", "name", "namespace"].map { subject[$0]?.stringValue ?? "" } }
        let present = (object["subjects"]?.arrayValue ?? [])
        let known = Set(present.map(identity))
        let missing = (wanted["subjects"]?.arrayValue ?? []).filter { !known.contains(identity($0)) }
        guard !missing.isEmpty else { return }
        object["subjects"] = .array(present + missing)
    }
}
