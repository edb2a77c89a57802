internal import APIMachinery

extension KindProfiles {
    static let cluster: [String: KindProfile] = [
        "core/v1.Namespace": KindProfile {
            $0.name = NameValidation.dns1123Label
            $0.prepareForCreate = NamespaceStrategy.prepareForCreate
            $0.prepareForUpdate = NamespaceStrategy.prepareForUpdate
            $0.validate = { $0.namespace($1) }
        },
        "core/v1.Node": KindProfile {
            $0.keepsStatusOnCreate = true
            $0.prepareForCreate = NodeStrategy.fillCIDRs
            $0.prepareForUpdate = { node, _, _ in NodeStrategy.fillCIDRs(&node) }
            $0.validate = { $0.node($1) }
            $0.validateUpdate = { validator, new, old, _ in validator.nodeUpdate(new, old) }
        },
        "coordination/v1.Lease": KindProfile {
            $0.allowsCreateOnUpdate = true
            $0.allowsUnconditionalUpdate = false
            $0.validate = { $0.lease($1) }
        },
        "scheduling/v1.PriorityClass": KindProfile {
            $0.prepareForCreate = { $0["metadata", default: [:]]["generation"] = 1 }
            $0.validate = { $0.priorityClass($1) }
            $0.validatesOnUpdate = false
            $0.validateUpdate = { validator, new, old, _ in validator.priorityClassUpdate(new, old) }
        },
        "node/v1.RuntimeClass": KindProfile {
            $0.allowsUnconditionalUpdate = false
            $0.allowsCreateOnUpdate = true
            $0.validate = { $0.runtimeClass($1) }
            $0.validateUpdate = { validator, new, old, _ in validator.runtimeClassUpdate(new, old) }
        },
        "events/v1.Event": KindProfile {
            $0.name = { _ in [] }
            $0.allowsCreateOnUpdate = true
            $0.deletion.hasDependents = false
            $0.validate = { validator, object in
                let core = VersionConversion.coreEvent(object.object)
                validator.event(JSONField(.object(core)), isNewAPI: true)
            }
            // Whoever made an event through the old API may still change it through the new one.
            $0.validatesOnUpdate = false
        },
    ]
}
