package import APIMachinery

/// Refuses what would be stored and then not obeyed.
package struct UnsupportedAdmission: AdmissionPlugin {
    private static let kinds: [String: String] = [
        "validatingadmissionpolicies": "ValidatingAdmissionPolicy", "validatingadmissionpolicybindings": "ValidatingAdmissionPolicyBinding",
        "mutatingadmissionpolicies": "MutatingAdmissionPolicy", "mutatingadmissionpolicybindings": "MutatingAdmissionPolicyBinding",
    ]
    private static let webhookKinds: [String: String] = [
        "mutatingwebhookconfigurations": "MutatingWebhookConfiguration",
        "validatingwebhookconfigurations": "ValidatingWebhookConfiguration",
    ]
    private let callsWebhooks: Bool

    package init(callsWebhooks: Bool = false) { self.callsWebhooks = callsWebhooks }

    /// Objects of another version than the stored one would be answered as they are.
    private func checkConversion(_ attributes: AdmissionAttributes) throws(Status) {
        guard attributes.isFor(APIServer.definitionsPlural, group: "apiextensions.k8s.io"), let object = attributes.object else { return }
        if object["spec"]?["conversion"]?["strategy"]?.stringValue == "Webhook" {
            throw attributes.forbidden("conversion by webhook is not supported yet")
        }
    }

    /// Requests for its group would have to be passed on to another server.
    private func checkAggregation(_ attributes: AdmissionAttributes) throws(Status) {
        guard attributes.isFor("apiservices", group: "apiregistration.k8s.io"), attributes.operation != .delete,
            let service = attributes.object?["spec"]?["service"], !service.isNull
        else { return }
        throw attributes.forbidden("spec.service: aggregated API servers are not supported yet: requests would not be passed on")
    }

    package func validate(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status) {
        try checkConversion(attributes)
        try checkAggregation(attributes)
        guard attributes.group == "admissionregistration.k8s.io" else { return }
        if callsWebhooks, Self.webhookKinds[attributes.plural] != nil { return try checkConditions(attributes) }
        guard attributes.operation == .create, let kind = Self.kinds[attributes.plural] ?? Self.webhookKinds[attributes.plural] else {
            return
        }
        throw attributes.forbidden("\(kind) is not supported yet: it would not be obeyed")
    }

    /// A webhook would be asked about more than its conditions let through.
    private func checkConditions(_ attributes: AdmissionAttributes) throws(Status) {
        for (index, webhook) in (attributes.object?["webhooks"]?.arrayValue ?? []).enumerated()
        where webhook["matchConditions"]?.arrayValue?.isEmpty == false {
            throw attributes.forbidden("webhooks[\(index)].matchConditions is not supported yet: its expressions would not be obeyed")
        }
    }
}
