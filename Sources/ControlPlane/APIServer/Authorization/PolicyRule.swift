package import APIMachinery

/// One rule of a role: which verbs on which resources, or on which other URLs (rbac/v1 PolicyRule).
package struct PolicyRule: Hashable, Sendable {
    package var verbs: [String]
    package var apiGroups: [String]
    package var resources: [String]
    package var resourceNames: [String]
    package var nonResourceURLs: [String]

    package init(
        verbs: [String], apiGroups: [String] = [], resources: [String] = [], resourceNames: [String] = [], nonResourceURLs: [String] = []
    ) {
        self.verbs = verbs
        self.apiGroups = apiGroups
        self.resources = resources
        self.resourceNames = resourceNames
        self.nonResourceURLs = nonResourceURLs
    }

    /// Everything on every resource, and every URL.
    static let fullAuthority = [
        PolicyRule(verbs: ["*"], apiGroups: ["*"], resources: ["*"]), PolicyRule(verbs: ["*"], nonResourceURLs: ["*"]),
    ]

    func allows(_ attributes: RequestAttributes) -> Bool {
        guard Self.has(verbs, attributes.verb) else { return false }
        switch attributes.target {
        case .url(let path): return nonResourceURLs.contains { Self.covers(url: $0, path) }
        case .resource(let resource):
            return Self.has(apiGroups, resource.group)
                && resources.contains { Self.matches($0, resource) }
                && (resourceNames.isEmpty || resourceNames.contains(resource.name))
        }
    }

    private static func has(_ values: [String], _ value: String) -> Bool { values.contains { $0 == value || $0 == "*" } }

    /// - Parameter pattern: `*`, `pods`, `pods/log` or `*/scale`.
    private static func matches(_ pattern: String, _ resource: RequestAttributes.Resource) -> Bool {
        if pattern == "*" { return true }
        if resource.subresource.isEmpty { return pattern == resource.resource }
        return pattern == resource.combined || pattern == "*/\(resource.subresource)"
    }

    /// - Parameter url: `*`, a path, or the beginning of paths with a star behind it.
    static func covers(url: String, _ path: String) -> Bool {
        url == "*" || url == path || (url.hasSuffix("*") && path.hasPrefix(url.dropLast()))
    }
}

extension PolicyRule: CustomStringConvertible {
    /// As upstream prints a rule in one line: `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`.
    package var description: String {
        let parts = [
            ("APIGroups", apiGroups), ("Resources", resources), ("NonResourceURLs", nonResourceURLs), ("ResourceNames", resourceNames),
            ("Verbs", verbs),
        ]
        let texts = parts.filter { !$0.1.isEmpty }.map { "\($0.0):\($0.1.quotedList)" }
        return "{\(texts.joined(separator: ", "))}"
    }
}

extension [String] {
    /// As Go prints them with %q: `["a" "b"]`.
    var quotedList: String { "[\(map(\.quoted).joined(separator: " "))]" }
}

extension PolicyRule {
    /// Members of a wrong type are left out: what is stored has been validated.
    package init(_ json: JSONValue) {
        self.init(
            verbs: json["verbs"].strings, apiGroups: json["apiGroups"].strings, resources: json["resources"].strings,
            resourceNames: json["resourceNames"].strings, nonResourceURLs: json["nonResourceURLs"].strings)
    }

    package var json: JSONValue {
        var rule = JSONObject()
        for (key, values) in [
            ("verbs", verbs), ("apiGroups", apiGroups), ("resources", resources), ("resourceNames", resourceNames),
            ("nonResourceURLs", nonResourceURLs),
        ] where !values.isEmpty { rule[key] = .array(values.map { .string($0) }) }
        return .object(rule)
    }

    /// The rules of a Role or ClusterRole.
    package static func rules(of role: JSONValue) -> [PolicyRule] { role["rules"]?.arrayValue?.map { PolicyRule($0) } ?? [] }
}

extension JSONValue? {
    /// The strings of an array; none for anything else.
    var strings: [String] { self?.arrayValue?.compactMap(\.stringValue) ?? [] }
}
