internal import APIMachinery

extension KindProfiles {
    static let extensions: [String: KindProfile] = [
        "admissionregistration/v1.MutatingWebhookConfiguration": webhooks(isMutating: true),
        "admissionregistration/v1.ValidatingWebhookConfiguration": webhooks(isMutating: false),
        "admissionregistration/v1.ValidatingAdmissionPolicy": KindProfile {
            $0.generationMembers = ["spec"]
            $0.allowsUnconditionalUpdate = false
            $0.statusResetsMetadata = true
            $0.validate = { $0.admissionPolicy($1) }
        },
        "admissionregistration/v1.ValidatingAdmissionPolicyBinding": KindProfile {
            $0.generationMembers = ["spec"]
            $0.allowsUnconditionalUpdate = false
            $0.validate = { $0.admissionPolicyBinding($1) }
        },
        "apiextensions/v1.CustomResourceDefinition": KindProfile {
            $0.generationMembers = ["spec"]
            $0.allowsUnconditionalUpdate = false
            $0.statusResetsMetadata = true
            $0.name = NameValidation.pathSegment
            $0.prepareForCreate = DefinitionStrategy.prepareForCreate
            $0.prepareForUpdate = DefinitionStrategy.prepareForUpdate
            $0.validate = { $0.resourceDefinition($1) }
            $0.warnings = DefinitionWarnings.warnings
            $0.validatesOnUpdate = false
            $0.validateUpdate = { validator, new, old, subresource in
                if subresource.isEmpty { validator.resourceDefinitionUpdate(new, old) }
            }
        },
        "apiregistration/v1.APIService": KindProfile {
            $0.allowsUnconditionalUpdate = false
            $0.statusResetsMetadata = true
            $0.name = NameValidation.pathSegment
            $0.prepareForCreate = APIServiceStrategy.prepareForCreate
            $0.validate = { $0.apiService($1) }
        },
        "flowcontrol/v1.FlowSchema": KindProfile {
            $0.generationMembers = ["spec"]
            $0.statusResetsMetadata = true
            $0.validate = { $0.flowSchema($1) }
            $0.warnings = DefinitionWarnings.ofFlowControl
        },
        "flowcontrol/v1.PriorityLevelConfiguration": KindProfile {
            $0.generationMembers = ["spec"]
            $0.statusResetsMetadata = true
            $0.validate = { $0.priorityLevel($1) }
            $0.warnings = DefinitionWarnings.ofFlowControl
        },
    ]

    private static func webhooks(isMutating: Bool) -> KindProfile {
        KindProfile {
            $0.generationMembers = ["webhooks"]
            $0.allowsUnconditionalUpdate = false
            $0.validate = { $0.webhookConfiguration($1, isMutating: isMutating) }
        }
    }
}
