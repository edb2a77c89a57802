package import APIMachinery

/// Refuses what would be stored and then not obeyed.
package struct UnsupportedAdmission: AdmissionPlugin {
    private static let kinds: [String: String] = [
        "validatingadmissionpolicies": "ValidatingAdmissionPolicy", "validatingadmissionpolicybindings": "ValidatingAdmissionPolicyBinding",
        "mutatingadmissionpolicies": "MutatingAdmissionPolicy", "mutatingadmissionpolicybindings": "MutatingAdmissionPolicyBinding",
        "mutatingwebhookconfigurations": "MutatingWebhookConfiguration",
        "validatingwebhookconfigurations": "ValidatingWebhookConfiguration",
    ]

    package init() {}

    /// A definition with rules in CEL would let pass what the rules are to refuse.
    private func checkRules(_ attributes: AdmissionAttributes) throws(Status) {
        guard attributes.isFor(APIServer.definitionsPlural, group: "apiextensions.k8s.io"), let object = attributes.object else { return }
        if Self.hasRules(.object(object)) {
            throw attributes.forbidden("x-kubernetes-validations is not supported yet: its rules would not be obeyed")
        }
        if object["spec"]?["conversion"]?["strategy"]?.stringValue == "Webhook" {
            throw attributes.forbidden("conversion by webhook is not supported yet")
        }
    }

    private static func hasRules(_ value: JSONValue) -> Bool {
        switch value {
        case .object(let object):
            object.members.contains { $0.key == "x-kubernetes-validations" && $0.value.arrayValue != nil || hasRules($0.value) }
        case .array(let elements): elements.contains { hasRules($0) }
        default: false
        }
    }

    package func validate(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status) {
        try checkRules(attributes)
        guard attributes.operation == .create, attributes.group == "admissionregistration.k8s.io",
            let kind = Self.kinds[attributes.plural]
        else { return }
        throw attributes.forbidden("\(kind) is not supported yet: it would not be obeyed")
    }
}
