internal import APIMachinery

/// Rules of rbac.authorization.k8s.io/v1.
extension Validator {
    mutating func role(_ object: JSONField) {
        for rule in object["rules"].items { policyRule(rule, isNamespaced: true) }
    }

    mutating func clusterRole(_ object: JSONField) {
        for rule in object["rules"].items { policyRule(rule, isNamespaced: false) }
        let aggregation = object["aggregationRule"]
        guard aggregation.isSet else { return }
        let selectors = aggregation["clusterRoleSelectors"]
        if selectors.items.isEmpty {
            report(
                .required(selectors.path, "at least one clusterRoleSelector required if aggregationRule is non-nil"))
        }
        for selector in selectors.items {
            labelSelector(selector)
            if parsed(selector) == nil { report(.invalid(selector.path, .null, "invalid label selector.")) }
        }
    }

    private mutating func policyRule(_ rule: JSONField, isNamespaced: Bool) {
        if rule["verbs"].items.isEmpty { report(.required(rule["verbs"].path, "verbs must contain at least one value")) }
        let urls = rule["nonResourceURLs"]
        if !urls.items.isEmpty {
            if isNamespaced {
                invalid(urls, "namespaced rules cannot apply to non-resource URLs")
            }
            let hasResources = ["apiGroups", "resources", "resourceNames"].contains { !rule[$0].items.isEmpty }
            if hasResources { invalid(urls, "rules cannot apply to both regular resources and non-resource URLs") }
            return
        }
        if rule["apiGroups"].items.isEmpty {
            report(.required(rule["apiGroups"].path, "resource rules must supply at least one api group"))
        }
        if rule["resources"].items.isEmpty {
            report(.required(rule["resources"].path, "resource rules must supply at least one resource"))
        }
    }

    mutating func roleBinding(_ object: JSONField, isNamespaced: Bool) {
        let role = object["roleRef"]
        let group = role["apiGroup"]
        requiredOneOf(group, ["rbac.authorization.k8s.io"])
        requiredOneOf(role["kind"], isNamespaced ? ["Role", "ClusterRole"] : ["ClusterRole"])
        if role["name"].isEmptyText {
            report(.required(role["name"].path))
        } else {
            named(role["name"], NameValidation.pathSegment)
        }
        for subject in object["subjects"].items { self.subject(subject, isNamespaced: isNamespaced) }
    }

    private mutating func subject(_ subject: JSONField, isNamespaced: Bool) {
        required(subject["name"])
        switch subject["kind"].string {
        case "ServiceAccount":
            if !subject["name"].isEmptyText { named(subject["name"], NameValidation.dns1123Subdomain) }
            requiredOneOf(subject["apiGroup"], [""])
            if !isNamespaced, subject["namespace"].isEmptyText { report(.required(subject["namespace"].path)) }
        case "User", "Group": requiredOneOf(subject["apiGroup"], ["rbac.authorization.k8s.io"])
        default:
            report(
                .notSupported(
                    subject["kind"].path, .string(subject["kind"].string), supported: ["ServiceAccount", "User", "Group"]))
        }
    }

    mutating func roleBindingUpdate(_ new: JSONField, _ old: JSONField) {
        let (role, before) = (new["roleRef"], old["roleRef"])
        guard role.value != before.value else { return }
        let shown: JSONValue = [
            "APIGroup": .string(role["apiGroup"].string), "Kind": .string(role["kind"].string),
            "Name": .string(role["name"].string),
        ]
        report(.invalid(role.path, shown, "cannot change roleRef"))
    }
}
