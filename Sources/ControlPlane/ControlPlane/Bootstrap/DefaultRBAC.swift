internal import APIMachinery

/// Reads the default roles and bindings into objects.
enum DefaultRBAC {
    private static let group = "rbac.authorization.k8s.io"
    private static let metadataExtras: JSONObject = {
        var extras = JSONObject()
        extras["labels"] = ["kubernetes.io/bootstrapping": "rbac-defaults"]
        extras["annotations"] = ["rbac.authorization.kubernetes.io/autoupdate": "true"]
        return extras
    }()

    static var objects: [BootstrapObject] {
        roles(DefaultRoles.clusterRoles, kind: "ClusterRole") + roles(DefaultRoles.roles, kind: "Role")
            + bindings(DefaultBindings.clusterRoleBindings, kind: "ClusterRoleBinding")
            + bindings(DefaultBindings.roleBindings, kind: "RoleBinding")
            + roles(NodeRoles.clusterRoles, kind: "ClusterRole") + roles(NodeRoles.roles, kind: "Role")
            + bindings(NodeRoles.clusterRoleBindings, kind: "ClusterRoleBinding") + bindings(NodeRoles.roleBindings, kind: "RoleBinding")
    }

    private static func roles(_ text: String, kind: String) -> [BootstrapObject] {
        var result: [BootstrapObject] = []
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if line.hasPrefix(" ") {
                result[result.count - 1].append(rule: rule(words))
            } else {
                result.append(role(words, kind: kind))
            }
        }
        return result
    }

    private static func role(_ words: [Substring], kind: String) -> BootstrapObject {
        var role = BootstrapObject(group: group, kind: kind, path: words[0], metadata: metadataExtras)
        for word in words.dropFirst() {
            let names = word.split(separator: "=")
            if names[0] == "to" {
                role.label("rbac.authorization.k8s.io/aggregate-to-\(names[1])", "true")
            } else {
                let selectors = names[1].split(separator: ",").map { name -> JSONValue in
                    [
                        "matchLabels": .object(
                            JSONObject(members: [.init(key: "rbac.authorization.k8s.io/aggregate-to-\(name)", value: "true")]))
                    ]
                }
                role.object["aggregationRule"] = ["clusterRoleSelectors": .array(selectors)]
            }
        }
        role.object["rules"] = .null
        return role
    }

    private static func rule(_ words: [Substring]) -> JSONValue {
        var rule = JSONObject()
        rule["verbs"] = list(words[0])
        if words[1] == "url" {
            rule["nonResourceURLs"] = list(words[2])
        } else {
            rule["apiGroups"] = list(words[1])
            rule["resources"] = list(words[2])
            if words.count > 3 { rule["resourceNames"] = list(words[3]) }
        }
        return .object(rule)
    }

    private static func list(_ word: Substring) -> JSONValue {
        .array(word.split(separator: ",").map { .string($0 == "core" ? "" : String($0)) })
    }

    private static func bindings(_ text: String, kind: String) -> [BootstrapObject] {
        text.split(separator: "\n").map { line in
            let words = line.split(separator: " ")
            var binding = BootstrapObject(group: group, kind: kind, path: words[0], metadata: metadataExtras)
            let subjects = words.dropFirst(2).map(subject)
            if !subjects.isEmpty { binding.object["subjects"] = .array(subjects) }
            let role = words[1].split(separator: "=")
            binding.object["roleRef"] = ["apiGroup": .string(group), "kind": .string(String(role[0])), "name": .string(String(role[1]))]
            return binding
        }
    }

    private static func subject(_ word: Substring) -> JSONValue {
        let parts = word.split(separator: "=")
        guard parts[0] == "ServiceAccount" else {
            return ["kind": .string(String(parts[0])), "apiGroup": .string(group), "name": .string(String(parts[1]))]
        }
        let names = parts[1].split(separator: "/")
        return ["kind": "ServiceAccount", "name": .string(String(names[1])), "namespace": .string(String(names[0]))]
    }
}
