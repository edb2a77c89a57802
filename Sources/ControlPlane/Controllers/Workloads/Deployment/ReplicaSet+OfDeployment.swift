internal import APIMachinery
internal import KubernetesAPI

extension ReplicaSet {
    /// A set for a Deployment's template, without replicas so far.
    init(of deployment: Deployment, hash: String) {
        self.init {
            var template = deployment.spec.template
            template.metadata.labels[DeploymentNames.templateHash] = hash
            $0.metadata.name = "\(deployment.metadata.name ?? "")-\(hash)"
            $0.metadata.namespace = deployment.metadata.namespace
            $0.metadata.labels = template.metadata.labels
            $0.metadata.ownerReferences = [Owner(deployment).reference]
            $0.spec.replicas = 0
            $0.spec.minReadySeconds = deployment.spec.minReadySeconds
            $0.spec.selector = deployment.spec.selector
            $0.spec.selector.matchLabels[DeploymentNames.templateHash] = hash
            $0.spec.template = template
        }
    }

    /// Takes over the Deployment's annotations, and a revision if it is beyond its own; then the former ones are remembered.
    ///
    /// - Returns: Whether anything changed.
    mutating func takeAnnotations(of deployment: Deployment, revision: Int64) -> Bool {
        let before = metadata.annotations
        var annotations = before
        for (name, value) in deployment.metadata.annotations where !DeploymentNames.notCopied.contains(name) { annotations[name] = value }
        let own = annotations[DeploymentNames.revision]
        if let number = own.map({ Int64($0) }) ?? 0, number < revision {
            annotations[DeploymentNames.revision] = "\(revision)"
            if let own { Self.remember(own, in: &annotations) }
        }
        metadata.annotations = annotations
        return annotations != before
    }

    private static func remember(_ revision: String, in annotations: inout [String: String]) {
        var history = (annotations[DeploymentNames.revisionHistory] ?? "").split(separator: ",").map { String($0) } + [revision]
        while history.count > 1, history.joined(separator: ",").utf8.count > DeploymentNames.revisionHistoryMaxBytes {
            history.removeFirst()
        }
        annotations[DeploymentNames.revisionHistory] = history.joined(separator: ",")
    }

    /// Writes down for what number of replicas it was sized.
    mutating func takeReplicas(of deployment: Deployment) {
        metadata.annotations[DeploymentNames.desiredReplicas] = "\(deployment.replicas)"
        metadata.annotations[DeploymentNames.maxReplicas] = "\(deployment.replicas + deployment.maxSurge)"
    }
}
