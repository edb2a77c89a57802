internal import APIMachinery

/// How much the audit log tells of which requests: an audit.k8s.io/v1 Policy. The first rule that matches decides; without one nothing is told.
package struct AuditPolicy: Sendable {
    package enum Level: Int, Comparable, Sendable {
        case none, metadata, request, requestResponse

        init?(_ text: String) {
            switch text {
            case "None": self = .none
            case "Metadata": self = .metadata
            case "Request": self = .request
            case "RequestResponse": self = .requestResponse
            default: return nil
            }
        }
        package var text: String { ["None", "Metadata", "Request", "RequestResponse"][rawValue] }
        package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    /// What is to be told of one request.
    package struct Decision: Hashable, Sendable {
        package var level: Level
        package var omitsManagedFields = false
    }

    fileprivate struct Rule: Sendable {
        var level = Level.none
        var users: [String] = []
        var userGroups: [String] = []
        var verbs: [String] = []
        var namespaces: [String] = []
        var resources: [Resource] = []
        var nonResourceURLs: [String] = []
        var omitsManagedFields: Bool?
        var omitsComplete = false
    }
    fileprivate struct Resource: Sendable {
        var group: String
        var resources: [String]
        var resourceNames: [String]
    }

    private var rules: [Rule] = []
    private var omitsManagedFields = false
    private var omitsComplete = false

    /// Every request, without bodies.
    package static let metadata = {
        var policy = AuditPolicy()
        var rule = Rule()
        rule.level = .metadata
        policy.rules = [rule]
        return policy
    }()

    private init() {}

    /// - Parameter bytes: YAML or JSON.
    package init(parsing bytes: [UInt8]) throws(AuditPolicyError) {
        let documents: [YAMLDocument]
        do throws(YAMLError) {
            documents = try YAMLDocument.documents(parsing: bytes)
        } catch {
            throw AuditPolicyError("line \(error.line): \(error.message)")
        }
        guard documents.count == 1, let document = documents.first else { throw AuditPolicyError("one Policy is expected in it") }
        if let problem = document.problems.first { throw AuditPolicyError("line \(problem.line): \(problem.message)") }
        let reader = Reader()
        try reader.check(document.json, "", ["apiVersion", "kind", "metadata", "omitStages", "omitManagedFields", "rules"])
        guard document.json["apiVersion"] == "audit.k8s.io/v1", document.json["kind"] == "Policy" else {
            throw AuditPolicyError("apiVersion audit.k8s.io/v1 and kind Policy are expected")
        }
        omitsManagedFields = document.json["omitManagedFields"]?.boolValue ?? false
        omitsComplete = try reader.stages(document.json["omitStages"], "omitStages").contains("ResponseComplete")
        guard let rules = document.json["rules"]?.arrayValue, !rules.isEmpty else {
            throw AuditPolicyError("rules: at least one is needed")
        }
        for (index, rule) in rules.enumerated() { self.rules.append(try reader.rule(rule, "rules[\(index)]")) }
    }

    package func decision(_ info: RequestInfo, user: UserInfo) -> Decision {
        guard let rule = rules.first(where: { $0.matches(info, user) }), !omitsComplete, !rule.omitsComplete else {
            return Decision(level: .none)
        }
        return Decision(level: rule.level, omitsManagedFields: rule.omitsManagedFields ?? omitsManagedFields)
    }
}

/// What is wrong with a policy: `rules[0].level: "Meta" is none of None, Metadata, Request, RequestResponse`.
package struct AuditPolicyError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}

extension AuditPolicy.Rule {
    /// After upstream's policy checker: each list that is empty matches everything; resources and URLs exclude each other.
    fileprivate func matches(_ info: RequestInfo, _ user: UserInfo) -> Bool {
        guard users.isEmpty || users.contains(user.name), userGroups.isEmpty || userGroups.contains(where: { user.groups.contains($0) }),
            verbs.isEmpty || verbs.contains(info.verb)
        else { return false }
        guard !namespaces.isEmpty || !resources.isEmpty else {
            return nonResourceURLs.isEmpty || (!info.isResourceRequest && nonResourceURLs.contains { Self.covers($0, info.path) })
        }
        guard info.isResourceRequest, namespaces.isEmpty || namespaces.contains(info.namespace) else { return false }
        return resources.isEmpty || resources.contains { $0.matches(info) }
    }

    private static func covers(_ pattern: String, _ path: String) -> Bool {
        pattern == "*" || pattern == path || (pattern.hasSuffix("*") && path.hasPrefix(pattern.dropLast()))
    }
}

extension AuditPolicy.Resource {
    fileprivate func matches(_ info: RequestInfo) -> Bool {
        guard group == info.apiGroup, resourceNames.isEmpty || resourceNames.contains(info.name) else { return false }
        let combined = info.subresource.isEmpty ? info.resource : "\(info.resource)/\(info.subresource)"
        return resources.isEmpty
            || resources.contains { pattern in
                pattern == combined || pattern == "*"
                    || (!info.subresource.isEmpty && (pattern == "*/\(info.subresource)" || pattern == "\(info.resource)/*"))
            }
    }
}

/// Reads rules, and refuses what it does not know: a rule that was overlooked would leave things untold.
private struct Reader {
    func check(_ value: JSONValue, _ path: String, _ known: [String]) throws(AuditPolicyError) {
        guard let object = value.objectValue else { throw AuditPolicyError("\(path): an object is expected") }
        guard let unknown = object.keys.first(where: { !known.contains($0) }) else { return }
        throw AuditPolicyError(
            "\(path.isEmpty ? "" : path + ".")\(unknown): there is no such field; known are \(known.joined(separator: ", "))")
    }

    func rule(_ value: JSONValue, _ path: String) throws(AuditPolicyError) -> AuditPolicy.Rule {
        try check(
            value, path,
            [
                "level", "users", "userGroups", "verbs", "resources", "namespaces", "nonResourceURLs", "omitStages", "omitManagedFields",
            ])
        let text = value["level"]?.stringValue ?? ""
        guard let level = AuditPolicy.Level(text) else {
            throw AuditPolicyError("\(path).level: \(text.quoted) is none of None, Metadata, Request, RequestResponse")
        }
        var rule = AuditPolicy.Rule()
        rule.level = level
        rule.users = try texts(value["users"], "\(path).users")
        rule.userGroups = try texts(value["userGroups"], "\(path).userGroups")
        rule.verbs = try texts(value["verbs"], "\(path).verbs")
        rule.namespaces = try texts(value["namespaces"], "\(path).namespaces")
        rule.nonResourceURLs = try texts(value["nonResourceURLs"], "\(path).nonResourceURLs")
        rule.omitsManagedFields = value["omitManagedFields"]?.boolValue
        rule.omitsComplete = try stages(value["omitStages"], "\(path).omitStages").contains("ResponseComplete")
        for (index, resource) in (value["resources"]?.arrayValue ?? []).enumerated() {
            let place = "\(path).resources[\(index)]"
            try check(resource, place, ["group", "resources", "resourceNames"])
            rule.resources.append(
                .init(
                    group: resource["group"]?.stringValue ?? "", resources: try texts(resource["resources"], "\(place).resources"),
                    resourceNames: try texts(resource["resourceNames"], "\(place).resourceNames")))
        }
        guard rule.nonResourceURLs.isEmpty || rule.resources.isEmpty && rule.namespaces.isEmpty else {
            throw AuditPolicyError("\(path): a rule is about nonResourceURLs, or about resources and namespaces")
        }
        return rule
    }

    /// Stages may be left out; the log has the last one alone.
    func stages(_ value: JSONValue?, _ path: String) throws(AuditPolicyError) -> [String] {
        let known = ["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"]
        let stages = try texts(value, path)
        for stage in stages where !known.contains(stage) {
            throw AuditPolicyError("\(path): \(stage.quoted) is none of \(known.joined(separator: ", "))")
        }
        return stages
    }

    private func texts(_ value: JSONValue?, _ path: String) throws(AuditPolicyError) -> [String] {
        guard let value, !value.isNull else { return [] }
        guard let elements = value.arrayValue else { throw AuditPolicyError("\(path): a list is expected") }
        var texts: [String] = []
        for element in elements {
            guard let text = element.stringValue else { throw AuditPolicyError("\(path): a list of strings is expected") }
            texts.append(text)
        }
        return texts
    }
}
