internal import APIMachinery
internal import KubernetesAPI

/// Which requests a webhook, a policy or a binding is about: rules and selectors.
struct MatchCriteria: Sendable {
    var rules: [WebhookRule]
    /// Without rules everything is meant, as in a binding; a webhook without rules is about nothing.
    var isOpen: Bool
    var excluded: [WebhookRule] = []
    /// matchPolicy: a rule for another version of the same objects counts too.
    var matchesEquivalent: Bool
    var namespaceSelector: Selector
    var objectSelector: Selector

    /// - Parameters:
    ///   - json: A webhook, or MatchResources.
    ///   - rules: The name of the member that has the rules.
    init(_ json: JSONValue, rules: String) {
        isOpen = rules == "resourceRules"
        self.rules = (json[rules]?.arrayValue ?? []).map(WebhookRule.init)
        excluded = (json["excludeResourceRules"]?.arrayValue ?? []).map(WebhookRule.init)
        matchesEquivalent = json["matchPolicy"]?.stringValue != "Exact"
        namespaceSelector = .ofValidated(json["namespaceSelector"])
        objectSelector = .ofValidated(json["objectSelector"])
    }
}

extension Selector {
    /// Validation has seen the selector; the empty one selects everything.
    static func ofValidated(_ json: JSONValue?) -> Selector {
        guard let json, !json.isNull else { return .everything }
        var decoder = ObjectDecoder(options: .lenient)
        guard let selector = LabelSelector.decode(json, &decoder) else { return .everything }
        return (try? selector.selector()) ?? .everything
    }
}

/// A resource in the version that a rule names, and the kind of what is written to it.
struct MatchedResource: Sendable {
    var resource: ResourceDefinition
    /// Of what is shown: of a subresource such as Scale its own.
    var kind: GroupVersionKind
}
