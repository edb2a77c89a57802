import APIMachinery
import KubernetesAPI

func template(_ labels: [String: String] = ["app": "x"], value: String = "1") -> PodTemplateSpec {
    PodTemplateSpec {
        $0.metadata.labels = labels
        $0.spec.containers = [
            Container {
                $0.name = "c"
                $0.image = "busybox"
                $0.env = [
                    EnvVar {
                        $0.name = "V"; $0.value = value
                    }
                ]
            }
        ]
    }
}

func deployment(_ replicas: Int32, _ change: (inout Deployment) -> Void = { _ in }) -> Deployment {
    var deployment = Deployment {
        $0.metadata.name = "x"
        $0.metadata.namespace = WorkloadCluster.namespace
        $0.spec.replicas = replicas
        $0.spec.selector.matchLabels = ["app": "x"]
        $0.spec.template = template()
    }
    change(&deployment)
    return deployment
}
