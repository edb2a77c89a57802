internal import APIMachinery

/// A webhook that is to be asked about a request, and the version of the resource that it is asked in.
struct WebhookInvocation: Sendable {
    var webhook: Webhook
    var matched: MatchedResource
}

/// Decides which webhooks and policies a request concerns, after upstream's generic.Webhook.ShouldCallHook and matching.Matcher.
struct WebhookMatcher: Sendable {
    let objects: ObjectReader

    /// - Returns: nil when the webhook does not want to see the request.
    /// - Throws: When its rules match but its namespace selector or its conditions cannot be judged.
    func invocation(of webhook: Webhook, for attributes: AdmissionAttributes) async throws(Status) -> WebhookInvocation? {
        guard let matched = try await resource(matching: webhook.criteria, attributes) else { return nil }
        if webhook.conditions.isEmpty { return WebhookInvocation(webhook: webhook, matched: matched) }
        let inputs = try await PolicyInputs(objects: objects).variables(matched, attributes, hasNamespace: false)
        do throws(MatchConditions.Undecided) {
            guard try webhook.conditions.areMet(inputs, failsOpen: webhook.failsOpen) else { return nil }
        } catch {
            throw attributes.forbidden(error.text)
        }
        return WebhookInvocation(webhook: webhook, matched: matched)
    }

    /// The resource in the version that a rule names; nil when the request is none of theirs.
    ///
    /// - Throws: When the rules match but the namespace selector cannot be judged.
    func resource(matching criteria: MatchCriteria, _ attributes: AdmissionAttributes) async throws(Status) -> MatchedResource? {
        let subject = WebhookRule.Subject(attributes)
        var namespaceProblem: Status?
        do throws(Status) {
            guard try await matchesNamespace(criteria.namespaceSelector, attributes, subject) else { return nil }
        } catch {
            namespaceProblem = error
        }
        guard Self.matchesObject(criteria.objectSelector, attributes),
            criteria.excluded.isEmpty
                || matchingResource(criteria.excluded, criteria.matchesEquivalent, attributes.resource, subject) == nil,
            let resource = criteria.rules.isEmpty && criteria.isOpen
                ? attributes.resource
                : matchingResource(criteria.rules, criteria.matchesEquivalent, attributes.resource, subject)
        else { return nil }
        // A webhook that does not want to see the request is no reason to refuse it.
        if let namespaceProblem { throw namespaceProblem }
        return MatchedResource(resource: resource, kind: resource.kind(ofSubresource: attributes.subresource))
    }

    /// The resource in the version that a rule names: the request's own, or with matchPolicy Equivalent another of the same objects.
    private func matchingResource(
        _ rules: [WebhookRule], _ matchesEquivalent: Bool, _ resource: ResourceDefinition, _ subject: WebhookRule.Subject
    ) -> ResourceDefinition? {
        if rules.contains(where: { $0.matches(subject) }) { return resource }
        guard matchesEquivalent, let location = resource.stored?.location else { return nil }
        let others = objects.server.registry.resources.filter { $0 !== resource && $0.stored?.location.prefix == location.prefix }
        for rule in rules {
            for other in others {
                var equivalent = subject
                equivalent.group = other.group
                equivalent.version = other.version
                equivalent.plural = other.plural
                if rule.matches(equivalent) { return other }
            }
        }
        return nil
    }

    /// Objects of the cluster, but for namespaces themselves, are in no namespace that could be excepted.
    private func matchesNamespace(
        _ selector: Selector, _ attributes: AdmissionAttributes, _ subject: WebhookRule.Subject
    ) async throws(Status) -> Bool {
        guard !selector.isEmpty, !subject.namespace.isEmpty || subject.plural == "namespaces" else { return true }
        if subject.isNamespaceObject, attributes.subresource.isEmpty, attributes.operation != .delete, let object = attributes.object {
            return selector.matches(object.labels)
        }
        guard let namespace = try await objects.get("namespaces", name: subject.namespace) else {
            throw .notFound(resource: "namespaces", group: "", name: subject.namespace)
        }
        return selector.matches(namespace.labels)
    }

    private static func matchesObject(_ selector: Selector, _ attributes: AdmissionAttributes) -> Bool {
        if selector.isEmpty { return true }
        return [attributes.object, attributes.old].contains { object in
            // Options of a connection have no labels to be selected by.
            guard let object, object["metadata"] != nil else { return false }
            return selector.matches(object.labels)
        }
    }
}

extension WebhookRule.Subject {
    init(_ attributes: AdmissionAttributes) {
        self.init(
            operation: attributes.operation.rawValue, group: attributes.group, version: attributes.resource.version,
            plural: attributes.plural, subresource: attributes.subresource,
            name: attributes.name, namespace: attributes.requestNamespace)
    }
}

extension AdmissionAttributes {
    /// The namespace as webhooks are told: of a namespace its own name.
    var requestNamespace: String { namespace.isEmpty && plural == "namespaces" && group.isEmpty ? name : namespace }

    /// Configurations of admission are shown to no webhook: a broken one could not be mended otherwise.
    var isExemptFromWebhooks: Bool {
        group == "admissionregistration.k8s.io"
            && [
                "validatingwebhookconfigurations", "mutatingwebhookconfigurations", "validatingadmissionpolicies",
                "validatingadmissionpolicybindings", "mutatingadmissionpolicies", "mutatingadmissionpolicybindings",
            ].contains(plural)
    }
}

extension ResourceDefinition {
    /// What a subresource is sent as; the resource's own kind where there is no subresource.
    func kind(ofSubresource name: String) -> GroupVersionKind { subresource(name)?.kind ?? kind }
}
