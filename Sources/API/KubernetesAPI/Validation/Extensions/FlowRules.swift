internal import APIMachinery

/// Rules of flowcontrol.apiserver.k8s.io/v1 and apiregistration.k8s.io/v1.
extension Validator {
    mutating func flowSchema(_ object: JSONField) {
        let spec = object["spec"]
        let precedence = spec["matchingPrecedence"]
        if precedence.integer ?? 0 <= 0 { invalid(precedence, "must be a positive value") }
        if precedence.integer ?? 0 > 10_000 { invalid(precedence, "must not be greater than 10000") }
        let method = spec["distinguisherMethod"]
        if method.isSet, !["ByNamespace", "ByUser"].contains(method["type"].string) {
            let shown: JSONValue = ["Type": .string(method["type"].string)]
            report(.notSupported(method["type"].path, shown, supported: ["ByNamespace", "ByUser"]))
        }
        let level = spec["priorityLevelConfiguration", "name"]
        if required(level, "must reference a priority level") { named(level, NameValidation.dns1123Subdomain) }
        for rule in spec["rules"].items { flowRule(rule) }
    }

    private mutating func flowRule(_ rule: JSONField) {
        let subjects = rule["subjects"]
        if subjects.items.isEmpty { report(.required(subjects.path, "subjects must contain at least one value")) }
        for subject in subjects.items { flowSubject(subject) }
        if rule["resourceRules"].items.isEmpty, rule["nonResourceRules"].items.isEmpty {
            report(
                .required(rule.path, "at least one of resourceRules and nonResourceRules has to be non-empty"))
        }
        for resource in rule["resourceRules"].items {
            for member in ["verbs", "apiGroups", "resources"] where resource[member].items.isEmpty {
                report(
                    .required(
                        resource[member].path,
                        member == "verbs"
                            ? "verbs must contain at least one value"
                            : "resource rules must supply at least one \(member == "apiGroups" ? "api group" : "resource")"))
            }
            if resource["namespaces"].items.isEmpty, !resource["clusterScope"].isTrue {
                report(
                    .required(
                        resource["namespaces"].path, "resource rules that are not cluster scoped must supply at least one namespace"))
            }
        }
        for url in rule["nonResourceRules"].items {
            for member in ["verbs", "nonResourceURLs"] where url[member].items.isEmpty {
                report(.required(url[member].path, "\(member) must contain at least one value"))
            }
        }
    }

    private mutating func flowSubject(_ subject: JSONField) {
        let members = ["User": "user", "Group": "group", "ServiceAccount": "serviceAccount"]
        guard let member = members[subject["kind"].string] else {
            return report(
                .notSupported(
                    subject["kind"].path, .string(subject["kind"].string), supported: ["Group", "ServiceAccount", "User"]))
        }
        if !subject[member].isSet {
            report(.required(subject[member].path, "\(member) is required when subject kind is '\(subject["kind"].string)'"))
        }
        for other in members.values.sorted() where other != member && subject[other].isSet {
            report(
                .forbidden(
                    subject[other].path,
                    "\(other) is forbidden when subject kind is not '\(members.first { $0.value == other }?.key ?? "")'"))
        }
        if subject[member].isSet {
            required(subject[member, "name"])
            if member == "serviceAccount" { required(subject[member, "namespace"], "must specify namespace for service account") }
        }
    }

    mutating func priorityLevel(_ object: JSONField) {
        let spec = object["spec"]
        let type = spec["type"]
        let isExempt = object["metadata", "name"].string == "exempt"
        if type.string == "Exempt" || type.string == "Limited", (type.string == "Exempt") != isExempt {
            invalid(type, "must be 'Exempt' if and only if `name` is 'exempt'")
        }
        switch type.string {
        case "Exempt":
            if spec["limited"].isSet { report(.forbidden(spec["limited"].path, "must be nil if the type is not Limited")) }
        case "Limited":
            if spec["exempt"].isSet { report(.forbidden(spec["exempt"].path, "must be nil if the type is Limited")) }
            if spec["limited"].isSet {
                limitedLevel(spec["limited"])
            } else {
                report(.required(spec["limited"].path, "must not be empty when type is Limited"))
            }
        default: requiredOneOf(type, ["Exempt", "Limited"])
        }
    }

    private mutating func limitedLevel(_ limited: JSONField) {
        let shares = limited["nominalConcurrencyShares"]
        if let number = shares.integer, number < 0 { invalid(shares, "must be a non-negative integer") }
        if let percent = limited["lendablePercent"].integer, !(0...100).contains(percent) {
            invalid(limited["lendablePercent"], "must be between 0 and 100, inclusive")
        }
        if let percent = limited["borrowingLimitPercent"].integer, percent < 0 {
            invalid(limited["borrowingLimitPercent"], "if specified, must be a non-negative integer")
        }
        let response = limited["limitResponse"]
        let queuing = response["queuing"]
        switch response["type"].string {
        case "Reject":
            if queuing.isSet { report(.forbidden(queuing.path, "must be nil if limited.limitResponse.type is not Limited")) }
        case "Queue":
            guard queuing.isSet else {
                return report(.required(queuing.path, "must not be empty if limited.limitResponse.type is Limited"))
            }
            self.queuing(queuing)
        default: requiredOneOf(response["type"], ["Queue", "Reject"])
        }
    }

    private mutating func queuing(_ queuing: JSONField) {
        let (queues, hand) = (queuing["queues"].integer ?? 0, queuing["handSize"].integer ?? 0)
        if queuing["queueLengthLimit"].integer ?? 0 <= 0 { invalid(queuing["queueLengthLimit"], "must be positive") }
        if queues <= 0 {
            invalid(queuing["queues"], "must be positive")
        } else if queues > 10_000_000 {
            invalid(queuing["queues"], "must not be greater than 10000000")
        }
        if hand <= 0 {
            invalid(queuing["handSize"], "must be positive")
        } else if hand > queues {
            invalid(queuing["handSize"], "should not be greater than queues (\(queues))")
        }
    }

    // MARK: APIService

    mutating func apiService(_ object: JSONField) {
        let spec = object["spec"]
        let expected = "\(spec["version"].string).\(spec["group"].string)"
        let name = object["metadata", "name"]
        if name.string != expected {
            invalid(name, "must be `spec.version+\".\"+spec.group`: \(expected.quoted)")
        }
        namedIfSet(spec["group"], NameValidation.dns1123Subdomain)
        named(spec["version"], NameValidation.dns1035Label)
        priority(spec["groupPriorityMinimum"], below: 20_000)
        priority(spec["versionPriority"], below: 1_000)
        let service = spec["service"]
        let (bundle, insecure) = (spec["caBundle"], spec["insecureSkipTLSVerify"])
        if !service.isSet {
            if !bundle.isEmptyText {
                report(
                    .invalid(
                        bundle.path, .string("<\(bundle.string.utf8.count / 4 * 3) bytes>"), "local APIServices may not have a caBundle"))
            }
            if insecure.isTrue { invalid(insecure, "local APIServices may not have insecureSkipTLSVerify") }
            return
        }
        required(service["namespace"])
        required(service["name"])
        if let port = service["port"].integer { invalid(service["port"].path, port, NameValidation.portNumber(Int(port))) }
        if insecure.isTrue, !bundle.isEmptyText { invalid(insecure, "may not be true if caBundle is present") }
    }

    private mutating func priority(_ field: JSONField, below limit: Int64) {
        if !(1...limit).contains(field.integer ?? 0) {
            report(.invalid(field.path, .integer(field.integer ?? 0), "must be positive and less than \(limit)"))
        }
    }
}
