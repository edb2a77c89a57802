internal import APIMachinery

extension KindProfiles {
    static let core: [String: KindProfile] = [
        "core/v1.Pod": KindProfile {
            $0.generationMembers = ["spec"]
            $0.deletion.isGraceful = true
            $0.prepareForCreate = PodStrategy.prepareForCreate
            $0.prepareForUpdate = PodStrategy.prepareForUpdate
            $0.validate = { validator, object in PodStrategy.validate(&validator, object) }
            $0.validateUpdate = { validator, new, old, subresource in
                PodStrategy.validateUpdate(&validator, new, old, subresource)
            }
            $0.validatesOnUpdate = false
            $0.warnings = PodWarnings.warnings
        },
        "core/v1.PodTemplate": KindProfile {
            $0.generationMembers = ["template"]
            $0.validate = { $0.podTemplate($1["template"]) }
        },
        "core/v1.Service": KindProfile {
            $0.name = NameValidation.dns1123Label
            $0.allowsCreateOnUpdate = true
            $0.prepareForCreate = ServiceStrategy.prepare
            $0.prepareForUpdate = { ServiceStrategy.prepareForUpdate(&$0, $1, $2) }
            $0.validate = { $0.service($1) }
            $0.validateUpdate = { validator, new, old, _ in validator.serviceUpdate(new, old) }
            $0.warnings = { new, _ in
                new["spec", "externalIPs"].items.isEmpty
                    ? [] : ["spec.externalIPs is deprecated and may no longer be implemented in some clusters"]
            }
        },
        "core/v1.Endpoints": KindProfile {
            $0.allowsCreateOnUpdate = true
            $0.validate = { $0.endpoints($1) }
        },
        "core/v1.ConfigMap": KindProfile {
            $0.validate = { $0.configMap($1) }
            $0.validateUpdate = { validator, new, old, _ in validator.configMapUpdate(new, old) }
        },
        "core/v1.Secret": KindProfile {
            $0.prepareForCreate = SecretStrategy.takeStringData
            $0.prepareForUpdate = { object, old, _ in SecretStrategy.prepareForUpdate(&object, old) }
            $0.validate = { $0.secret($1) }
            $0.validateUpdate = { validator, new, old, _ in validator.secretUpdate(new, old) }
            $0.warnings = { new, _ in SecretStrategy.warnings(new) }
        },
        "core/v1.ServiceAccount": KindProfile(),
        "core/v1.LimitRange": KindProfile {
            $0.allowsCreateOnUpdate = true
            $0.validate = { $0.limitRange($1) }
        },
        "core/v1.ResourceQuota": KindProfile {
            $0.validate = { $0.resourceQuota($1) }
            $0.validateUpdate = { validator, new, old, _ in validator.resourceQuotaUpdate(new, old) }
        },
        "core/v1.Event": KindProfile {
            $0.name = { _ in [] }
            $0.allowsCreateOnUpdate = true
            $0.deletion.hasDependents = false
            $0.validate = { $0.event($1, isNewAPI: false) }
        },
        "core/v1.ReplicationController": KindProfile {
            $0.generationMembers = ["spec"]
            $0.deletion.defaultPropagation = .orphan
            $0.scale = scaleOfWorkload
            $0.validate = { $0.replicationController($1) }
            $0.warnings = WorkloadWarnings.ofTemplate
        },
    ]
}
