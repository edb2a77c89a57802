internal import APIMachinery

/// Rules of admissionregistration.k8s.io/v1.
extension Validator {
    mutating func webhookConfiguration(_ object: JSONField, isMutating: Bool) {
        var names: Set<String> = []
        for webhook in object["webhooks"].items {
            self.webhook(webhook, isMutating: isMutating)
            let name = webhook["name"]
            if !name.isEmptyText, !names.insert(name.string).inserted { report(.duplicate(name.path, name.shown)) }
        }
    }

    private mutating func webhook(_ webhook: JSONField, isMutating: Bool) {
        fullyQualifiedName(webhook["name"])
        reviewVersions(webhook["admissionReviewVersions"])
        for rule in webhook["rules"].items { ruleWithOperations(rule) }
        oneOf(webhook["failurePolicy"], ["Fail", "Ignore"])
        oneOf(webhook["matchPolicy"], ["Equivalent", "Exact"])
        let effects = webhook["sideEffects"]
        if effects.isSet {
            oneOf(effects, ["None", "NoneOnDryRun"])
        } else {
            report(.required(effects.path, "must specify one of None, NoneOnDryRun"))
        }
        if let seconds = webhook["timeoutSeconds"].integer, !(1...30).contains(seconds) {
            invalid(webhook["timeoutSeconds"], "the timeout value must be between 1 and 30 seconds")
        }
        labelSelector(webhook["namespaceSelector"])
        labelSelector(webhook["objectSelector"])
        if isMutating { oneOf(webhook["reinvocationPolicy"], ["IfNeeded", "Never"]) }
        webhookClient(webhook["clientConfig"])
        matchConditions(webhook["matchConditions"])
    }

    private mutating func fullyQualifiedName(_ name: JSONField) {
        guard required(name) else { return }
        let problems = NameValidation.dns1123Subdomain(name.string)
        invalid(name.path, name.string, problems)
        if problems.isEmpty, name.string.split(separator: ".").count < 3 {
            invalid(name, "should be a domain with at least three segments separated by dots")
        }
    }

    private mutating func reviewVersions(_ versions: JSONField) {
        guard !versions.items.isEmpty else {
            return report(.required(versions.path, "must specify one of v1, v1beta1"))
        }
        var seen: Set<String> = []
        for version in versions.items {
            if !seen.insert(version.string).inserted { invalid(version, "duplicate version") }
            invalid(version.path, version.string, NameValidation.dns1035Label(version.string))
        }
        if seen.isDisjoint(with: ["v1", "v1beta1"]) { invalid(versions, "must include at least one of v1, v1beta1") }
    }

    mutating func ruleWithOperations(_ rule: JSONField) {
        let operations = rule["operations"]
        if operations.items.isEmpty { report(.required(operations.path)) }
        for operation in operations.items { oneOf(operation, ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"]) }
        if operations.items.count > 1, operations.strings.contains("*") {
            invalid(operations, "if '*' is present, must not specify other operations")
        }
        for (member, what) in [("apiGroups", "API groups"), ("apiVersions", "API versions")] {
            let list = rule[member]
            if list.items.isEmpty { report(.required(list.path)) }
            if list.items.count > 1, list.strings.contains("*") {
                invalid(list, "if '*' is present, must not specify other \(what)")
            }
            if member == "apiVersions" { for version in list.items { required(version) } }
        }
        let resources = rule["resources"]
        if resources.items.isEmpty { report(.required(resources.path)) }
        for resource in resources.items { required(resource) }
        if resources.items.count > 1, resources.strings.contains("*") {
            let others = resources.strings.filter { $0 != "*" && !$0.contains("/") }
            if !others.isEmpty { invalid(resources, "if '*' is present, must not specify other resources without subresources") }
        }
        oneOf(rule["scope"], ["*", "Cluster", "Namespaced"])
    }

    private mutating func webhookClient(_ client: JSONField) {
        let (url, service) = (client["url"], client["service"])
        guard url.isSet != service.isSet else {
            return report(.required(client.path, "exactly one of url or service is required"))
        }
        if url.isSet { webhookURL(url) } else { webhookService(service) }
    }

    private mutating func webhookURL(_ field: JSONField) {
        let form = "URL must be of the form https://host[:port][/path]"
        guard let colon = field.string.firstRange(of: "://") else {
            return report(.required(field.path, "url must be a valid URL; desired format: \(form)"))
        }
        let scheme = field.string[..<colon.lowerBound]
        let rest = field.string[colon.upperBound...]
        if scheme != "https" {
            report(
                .invalid(
                    field.path, .string(String(scheme)),
                    "'https' is the only allowed URL scheme; desired format: https://host[:port][/path]"))
        }
        let authority = rest.prefix { !"/?#".contains($0) }
        if authority.isEmpty {
            report(.invalid(field.path, "", "host must be specified; desired format: https://host[:port][/path]"))
        }
        if let at = authority.lastIndex(of: "@") {
            report(.invalid(field.path, .string(String(authority[..<at])), "user information is not permitted in the URL"))
        }
        if let hash = rest.firstIndex(of: "#") {
            report(.invalid(field.path, .string(String(rest[rest.index(after: hash)...])), "fragments are not permitted in the URL"))
        }
        let beforeHash = rest.prefix { $0 != "#" }
        if let question = beforeHash.firstIndex(of: "?") {
            report(
                .invalid(
                    field.path, .string(String(beforeHash[beforeHash.index(after: question)...])),
                    "query parameters are not permitted in the URL"))
        }
    }

    mutating func webhookService(_ service: JSONField) {
        if service["name"].isEmptyText { report(.required(service["name"].path, "service name is required")) }
        if service["namespace"].isEmptyText {
            report(.required(service["namespace"].path, "service namespace is required"))
        }
        if let port = service["port"].integer, !NameValidation.portNumber(Int(port)).isEmpty {
            invalid(service["port"], "port is not valid: \(NameValidation.portNumber(Int(port)).joined(separator: ","))")
        }
        let path = service["path"]
        if !path.isEmptyText, !path.string.hasPrefix("/") { invalid(path, "must start with a '/'") }
    }

    /// The expressions themselves are looked at by who compiles them.
    mutating func matchConditions(_ conditions: JSONField) {
        if conditions.items.count > 64 { report(.tooMany(conditions.path, count: conditions.items.count, max: 64)) }
        var names: Set<String> = []
        for condition in conditions.items {
            if required(condition["name"]) {
                named(condition["name"], NameValidation.qualifiedName)
                if !names.insert(condition["name"].string).inserted {
                    report(.duplicate(condition["name"].path, condition["name"].shown))
                }
            }
            if condition["expression"].isEmptyText { report(.required(condition["expression"].path)) }
        }
    }

    // MARK: Policies

    private static let policyReasons = ["Forbidden", "Invalid", "RequestEntityTooLarge"]
    private static let nothingToDo = "validations or auditAnnotations must contain at least one item"

    mutating func admissionPolicy(_ object: JSONField) {
        let spec = object["spec"]
        oneOf(spec["failurePolicy"], ["Fail", "Ignore"])
        if spec["paramKind"].isSet { paramKind(spec["paramKind"]) }
        let match = spec["matchConstraints"]
        if match.isSet {
            matchResources(match)
            if match["resourceRules"].items.isEmpty { report(.required(match["resourceRules"].path)) }
        } else {
            report(.required(match.path))
        }
        matchConditions(spec["matchConditions"])
        for variable in spec["variables"].items { policyVariable(variable) }
        if spec["validations"].items.isEmpty, spec["auditAnnotations"].items.isEmpty {
            report(.required(spec["validations"].path, Self.nothingToDo))
            report(.required(spec["auditAnnotations"].path, Self.nothingToDo))
        }
        for validation in spec["validations"].items { policyValidation(validation) }
    }

    private mutating func paramKind(_ kind: JSONField) {
        required(kind["apiVersion"])
        if required(kind["kind"]) { named(kind["kind"]) { NameValidation.dns1035Label($0.lowercased()) } }
    }

    private mutating func policyVariable(_ variable: JSONField) {
        let name = variable["name"]
        if required(name, "name is not specified") {
            let isIdentifier =
                name.string.utf8.first.map { $0 == UInt8(ascii: "_") || ($0 | 0x20) &- 0x61 < 26 } == true
                && name.string.utf8.allSatisfy { $0 == UInt8(ascii: "_") || ($0 | 0x20) &- 0x61 < 26 || $0 &- 0x30 < 10 }
            if !isIdentifier { invalid(name, "must be a valid CEL identifier") }
        }
        required(variable["expression"], "expression is not specified")
    }

    private mutating func policyValidation(_ validation: JSONField) {
        required(validation["expression"], "expression is not specified")
        let message = validation["message"]
        if message.string.utf8.contains(UInt8(ascii: "\n")) { invalid(message, "must not contain line breaks") }
        oneOf(validation["reason"], Self.policyReasons)
    }

    private mutating func matchResources(_ match: JSONField) {
        oneOf(match["matchPolicy"], ["Equivalent", "Exact"])
        labelSelector(match["namespaceSelector"])
        labelSelector(match["objectSelector"])
        for member in ["resourceRules", "excludeResourceRules"] {
            for rule in match[member].items { ruleWithOperations(rule) }
        }
    }

    mutating func admissionPolicyBinding(_ object: JSONField) {
        let spec = object["spec"]
        if required(spec["policyName"]) { named(spec["policyName"], NameValidation.dns1123Subdomain) }
        if spec["paramRef"].isSet { paramRef(spec["paramRef"]) }
        if spec["matchResources"].isSet { matchResources(spec["matchResources"]) }
        let actions = spec["validationActions"]
        if actions.items.isEmpty { report(.required(actions.path, "at least one validation action is required")) }
        var seen: Set<String> = []
        for action in actions.items {
            oneOf(action, ["Audit", "Deny", "Warn"])
            if !seen.insert(action.string).inserted { report(.duplicate(action.path, action.shown)) }
        }
        if seen.isSuperset(of: ["Deny", "Warn"]) {
            report(
                .invalid(
                    actions.path, ["Deny", "Warn"],
                    "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)"
                ))
        }
    }

    private mutating func paramRef(_ reference: JSONField) {
        let (name, selector) = (reference["name"], reference["selector"])
        if name.isEmptyText, !selector.isSet {
            report(.required(reference.path, "one of name or selector must be specified"))
        } else if !name.isEmptyText, selector.isSet {
            report(.forbidden(name.path, "name and selector are mutually exclusive"))
        }
        labelSelector(selector)
        let action = reference["parameterNotFoundAction"]
        if action.isEmptyText { report(.required(action.path)) } else { oneOf(action, ["Allow", "Deny"]) }
    }
}
