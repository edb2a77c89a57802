import APIMachinery
import KubernetesAPI

func template(_ app: String, version: Int = 1) -> PodTemplateSpec {
    PodTemplateSpec {
        $0.metadata.labels = ["app": app]
        $0.spec.containers = [
            Container {
                $0.name = "c"
                $0.image = "image:\(version)"
                $0.resources.requests = ["cpu": Quantity(milliValue: 100)]
            }
        ]
    }
}

func deployment(_ name: String, _ replicas: Int32, version: Int = 1) -> Deployment {
    Deployment {
        $0.metadata.name = name
        $0.spec.replicas = replicas
        $0.spec.selector.matchLabels = ["app": name]
        $0.spec.template = template(name, version: version)
    }
}

func statefulSet(_ name: String, _ replicas: Int32, parallel: Bool = false) -> StatefulSet {
    StatefulSet {
        $0.metadata.name = name
        $0.spec.replicas = replicas
        $0.spec.serviceName = name
        $0.spec.selector = LabelSelector { $0.matchLabels = ["app": name] }
        $0.spec.template = template(name)
        if parallel { $0.spec.podManagementPolicy = "Parallel" }
    }
}

func indexedJob(_ name: String, completions: Int32, parallelism: Int32) -> Job {
    Job {
        $0.metadata.name = name
        $0.spec.completions = completions
        $0.spec.parallelism = parallelism
        $0.spec.completionMode = "Indexed"
        $0.spec.backoffLimit = 1000
        $0.spec.template = template(name)
        $0.spec.template.spec.restartPolicy = "Never"
    }
}
