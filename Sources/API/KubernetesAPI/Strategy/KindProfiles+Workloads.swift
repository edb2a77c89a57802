internal import APIMachinery

extension KindProfiles {
    static let workloads: [String: KindProfile] = [
        "apps/v1.Deployment": KindProfile {
            $0.generationMembers = ["spec"]
            $0.generationMetadata = ["annotations"]
            $0.scale = scaleOfWorkload
            $0.validate = { $0.deployment($1) }
            $0.validateUpdate = { validator, new, old, _ in validator.selectorUpdate(new, old) }
            $0.warnings = WorkloadWarnings.ofTemplate
        },
        "apps/v1.ReplicaSet": KindProfile {
            $0.generationMembers = ["spec"]
            $0.scale = scaleOfWorkload
            $0.validate = { $0.replicaSet($1) }
            $0.validateUpdate = { validator, new, old, _ in validator.selectorUpdate(new, old) }
            $0.warnings = WorkloadWarnings.ofTemplateAndName
        },
        "apps/v1.StatefulSet": KindProfile {
            $0.generationMembers = ["spec"]
            $0.scale = scaleOfWorkload
            $0.name = NameValidation.dns1123Label
            $0.validate = { $0.statefulSet($1) }
            $0.validateUpdate = { validator, new, old, _ in validator.statefulSetUpdate(new, old) }
            $0.warnings = WorkloadWarnings.ofTemplate
        },
        "apps/v1.DaemonSet": KindProfile {
            $0.generationMembers = ["spec"]
            $0.prepareForCreate = DaemonSetStrategy.prepareForCreate
            $0.prepareForUpdate = { object, old, _ in DaemonSetStrategy.prepareForUpdate(&object, old) }
            $0.validate = { $0.daemonSet($1) }
            $0.validateUpdate = { validator, new, old, _ in validator.selectorUpdate(new, old) }
            $0.warnings = WorkloadWarnings.ofTemplate
        },
        "apps/v1.ControllerRevision": KindProfile {
            $0.validate = { $0.controllerRevision($1) }
            $0.validateUpdate = { validator, new, old, _ in validator.controllerRevisionUpdate(new, old) }
        },
        "batch/v1.Job": KindProfile {
            $0.generationMembers = ["spec"]
            $0.deletion.defaultPropagation = .orphan
            $0.prepareForCreate = JobStrategy.prepareForCreate
            $0.validate = { $0.job($1) }
            $0.validateUpdate = { validator, new, old, _ in validator.jobUpdate(new, old) }
            $0.warnings = WorkloadWarnings.ofJob
        },
        "batch/v1.CronJob": KindProfile {
            $0.generationMembers = ["spec"]
            $0.name = JobStrategy.cronJobName
            $0.validate = { $0.cronJob($1) }
            $0.warnings = WorkloadWarnings.ofCronJob
        },
        "autoscaling/v2.HorizontalPodAutoscaler": autoscaler,
        "autoscaling/v1.HorizontalPodAutoscaler": autoscaler,
        "policy/v1.PodDisruptionBudget": KindProfile {
            $0.generationMembers = ["spec"]
            $0.allowsUnconditionalUpdate = false
            $0.validate = { $0.disruptionBudget($1) }
        },
    ]

    private static let autoscaler = KindProfile { $0.validate = { $0.autoscaler($1) } }
}
