internal import APIMachinery
internal import APIServer

/// Acting as somebody else by `Impersonate-…` fields, for those who may (RBAC verb `impersonate`).
struct Impersonation {
    private var name = ""
    private var uid = ""
    private var groups: [String] = []
    private var extra: [(key: String, value: String)] = []

    /// nil for a request that acts as its sender.
    init?(_ headers: HTTPHeaders) {
        let prefix = "impersonate-"
        for field in headers.fields where field.name.count > prefix.count && field.name.lowercased().hasPrefix(prefix) {
            let key = field.name.lowercased().dropFirst(prefix.count)
            switch key {
            case "user": name = field.value
            case "uid": uid = field.value
            case "group": groups.append(field.value)
            case _ where key.hasPrefix("extra-"):
                let name = key.dropFirst("extra-".count)
                // What is not well encoded is taken as it is.
                extra.append((PercentEncoding.decoded(name) ?? String(name), field.value))
            default: break
            }
        }
        if name.isEmpty, uid.isEmpty, groups.isEmpty, extra.isEmpty { return nil }
    }

    /// - Throws: 400 when no user is named; 403 for what the sender may not act as.
    func user(actedBy user: UserInfo, _ authorizer: any Authorizer) throws(Status) -> UserInfo {
        guard !name.isEmpty else {
            throw .badRequest("requested \(goDescription) without impersonating a user name")
        }
        for target in targets {
            let attributes = RequestAttributes(user: user, verb: "impersonate", resource: target)
            let decision = authorizer.authorize(attributes)
            guard decision.isAllowed else { throw .forbidden(attributes, reason: decision.reason) }
        }
        var allExtra: [String: [String]] = [:]
        for (key, value) in extra { allExtra[key, default: []].append(value) }
        return UserInfo(name: name, uid: uid, groups: effectiveGroups, extra: allExtra)
    }

    /// Everything that is acted as, each checked on its own.
    private var targets: [RequestAttributes.Resource] {
        var targets: [RequestAttributes.Resource] = []
        if let account {
            targets.append(.init(group: "", resource: "serviceaccounts", namespace: account.namespace, name: account.name))
        } else {
            targets.append(.init(group: "", resource: "users", name: name))
        }
        targets += groups.map { .init(group: "", resource: "groups", name: $0) }
        targets += extra.map { .init(group: "authentication.k8s.io", resource: "userextras", subresource: $0.key, name: $0.value) }
        if !uid.isEmpty { targets.append(.init(group: "authentication.k8s.io", resource: "uids", name: uid)) }
        return targets
    }

    private var account: (namespace: String, name: String)? {
        let parts = name.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "system", parts[1] == "serviceaccount", !parts[2].isEmpty, !parts[3].isEmpty else { return nil }
        return (String(parts[2]), String(parts[3]))
    }

    /// A service account brings its groups when none are named; everybody is authenticated, or is not.
    private var effectiveGroups: [String] {
        var all = groups
        if all.isEmpty, let account { all = ["system:serviceaccounts", "system:serviceaccounts:\(account.namespace)"] }
        let group = name == "system:anonymous" ? "system:unauthenticated" : "system:authenticated"
        if !all.contains("system:authenticated"), !all.contains("system:unauthenticated") { all.append(group) }
        return all
    }

    /// The message shows the sender's wish as upstream's language prints it.
    private var goDescription: String {
        func list(_ values: [String]) -> String { "[]string{\(values.map(\.quoted).joined(separator: ", "))}" }
        var keys: [String: [String]] = [:]
        for (key, value) in extra { keys[key, default: []].append(value) }
        let pairs = keys.sorted { $0.key < $1.key }.map { "\($0.key.quoted):\(list($0.value))" }.joined(separator: ", ")
        let extraText = extra.isEmpty ? "map[string][]string(nil)" : "map[string][]string{\(pairs)}"
        let groupText = groups.isEmpty ? "[]string(nil)" : list(groups)
        return "&user.DefaultInfo{Name:\"\", UID:\(uid.quoted), Groups:\(groupText), Extra:\(extraText)}"
    }
}
