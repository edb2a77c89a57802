/// What upstream's Go types say beyond their JSON: which structure fields are values, there even when empty, and which
/// are pointers.
///
/// Server-side apply sees it, since an empty value field is there before anyone sets it, and so does protobuf, which
/// writes value fields always.
enum UpstreamShape {
    /// Whether a structure, time, quantity or int-or-string field is no pointer upstream.
    static func isValue(_ field: FieldSchema, of type: TypeSchema) -> Bool {
        let name = "\(type.name).\(field.name)"
        switch field.type {
        case .time, .microTime: return !pointerTimes.contains(name)
        case .quantity, .intOrString: return field.isRequired || valueScalars.contains(name)
        case .type:
            if valueStructures.contains(name) { return true }
            if field.isRequired { return !requiredPointers.contains(name) }
            return isObjectPart(field.name) && (!type.kinds.isEmpty || templates.contains(type.name))
        default: return !field.isPointer || valueScalars.contains(name)
        }
    }

    private static func isObjectPart(_ name: String) -> Bool { name == "metadata" || name == "spec" || name == "status" }

    /// Types that hold the metadata and spec of another object.
    private static let templates: Set = [
        "core/v1.PodTemplateSpec", "batch/v1.JobTemplateSpec", "core/v1.PersistentVolumeClaimTemplate",
    ]

    /// Optional structures that are values.
    private static let valueStructures: Set = [
        "apiextensions/v1.CustomResourceDefinitionStatus.acceptedNames",
        "apps/v1.ControllerRevision.data", "apps/v1.DaemonSetSpec.updateStrategy", "apps/v1.DeploymentSpec.strategy",
        "apps/v1.ReplicaSetSpec.template", "apps/v1.StatefulSetSpec.updateStrategy",
        "authentication/v1.SelfSubjectReviewStatus.userInfo", "authentication/v1.TokenReviewStatus.user",
        "core/v1.Container.resources", "core/v1.ContainerStatus.lastState", "core/v1.ContainerStatus.state",
        "core/v1.EphemeralContainer.resources", "core/v1.Event.source", "core/v1.NodeDaemonEndpoints.kubeletEndpoint",
        "core/v1.NodeStatus.daemonEndpoints", "core/v1.NodeStatus.nodeInfo", "core/v1.PersistentVolumeClaimSpec.resources",
        "core/v1.PodTemplate.template", "core/v1.ServiceStatus.loadBalancer",
        "discovery/v1.Endpoint.conditions", "events/v1.Event.deprecatedSource", "events/v1.Event.regarding",
        "flowcontrol/v1.LimitedPriorityLevelConfiguration.limitResponse", "meta/v1.APIGroup.preferredVersion",
        "networking/v1.IngressServiceBackend.port", "networking/v1.IngressStatus.loadBalancer",
    ]

    /// Required structures that are pointers none the less.
    private static let requiredPointers: Set = [
        "apps/v1.DaemonSetSpec.selector", "apps/v1.DeploymentSpec.selector", "apps/v1.ReplicaSetSpec.selector",
        "apps/v1.StatefulSetSpec.selector", "core/v1.ScaleIOPersistentVolumeSource.secretRef",
        "core/v1.ScaleIOVolumeSource.secretRef", "networking/v1.IPAddressSpec.parentRef",
    ]

    private static let pointerTimes: Set = [
        "autoscaling/v1.HorizontalPodAutoscalerStatus.lastScaleTime",
        "autoscaling/v2.HorizontalPodAutoscalerStatus.lastScaleTime",
        "batch/v1.CronJobStatus.lastScheduleTime", "batch/v1.CronJobStatus.lastSuccessfulTime",
        "batch/v1.JobStatus.completionTime", "batch/v1.JobStatus.startTime",
        "coordination/v1.LeaseSpec.acquireTime", "coordination/v1.LeaseSpec.renewTime",
        "core/v1.PersistentVolumeStatus.lastPhaseTransitionTime", "core/v1.PodStatus.startTime",
        "core/v1.Taint.timeAdded", "meta/v1.ManagedFieldsEntry.time", "meta/v1.ObjectMeta.deletionTimestamp",
    ]

    /// Optional scalars that are values: quantities and int-or-strings, and what the tables take for a pointer.
    private static let valueScalars: Set = [
        "core/v1.ResourceFieldSelector.divisor", "core/v1.ServicePort.targetPort",
        "apiextensions/v1.JSONSchemaProps.exclusiveMaximum",
    ]
}
