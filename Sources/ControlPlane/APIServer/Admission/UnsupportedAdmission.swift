package import APIMachinery

/// Refuses what would be stored and then not obeyed.
package struct UnsupportedAdmission: AdmissionPlugin {
    private static let webhookKinds: [String: String] = [
        "mutatingwebhookconfigurations": "MutatingWebhookConfiguration",
        "validatingwebhookconfigurations": "ValidatingWebhookConfiguration",
    ]
    private let callsWebhooks: Bool

    package init(callsWebhooks: Bool = false) { self.callsWebhooks = callsWebhooks }

    /// Objects of another version than the stored one would be answered as they are.
    private func checkConversion(_ attributes: AdmissionAttributes, _ objects: ObjectReader) throws(Status) {
        guard attributes.isFor(APIServer.definitionsPlural, group: "apiextensions.k8s.io"), let object = attributes.object else { return }
        if object["spec"]?["conversion"]?["strategy"]?.stringValue == "Webhook", objects.server.configuration.conversionCaller == nil {
            throw attributes.forbidden("spec.conversion: this server calls no webhooks")
        }
    }

    /// Requests for its group have to be passed on to another server.
    private func checkAggregation(_ attributes: AdmissionAttributes, _ objects: ObjectReader) throws(Status) {
        guard objects.server.configuration.backends == nil, attributes.isFor("apiservices", group: "apiregistration.k8s.io"),
            attributes.operation != .delete,
            let service = attributes.object?["spec"]?["service"], !service.isNull
        else { return }
        throw attributes.forbidden("spec.service: this server reaches no others: requests would not be passed on")
    }

    package func validate(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status) {
        try checkConversion(attributes, objects)
        try checkAggregation(attributes, objects)
        guard attributes.group == "admissionregistration.k8s.io" else { return }
        guard !callsWebhooks, attributes.operation == .create, let kind = Self.webhookKinds[attributes.plural] else { return }
        throw attributes.forbidden("\(kind): this server calls no webhooks: it would not be obeyed")
    }
}
