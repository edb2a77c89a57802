internal import APIMachinery
internal import KubernetesAPI

/// What a Job's pods have beside the template.
struct JobPods {
    private let job: Job
    private let template: PodTemplateSpec
    /// So long names leave room for the random end.
    private static let generatedPrefixMaxBytes = 58

    init(_ job: Job) {
        self.job = job
        var template = job.spec.template
        if !template.metadata.finalizers.contains(JobNames.finalizer) { template.metadata.finalizers.append(JobNames.finalizer) }
        if job.isIndexed {
            template.spec.initContainers = template.spec.initContainers.map { Self.withIndexVariable($0) }
            template.spec.containers = template.spec.containers.map { Self.withIndexVariable($0) }
        }
        self.template = template
    }

    /// - Parameter predecessor: The failed pod whose place it takes.
    func template(index: Int?, predecessor: Pod?) -> PodTemplateSpec {
        guard let index else { return template }
        var template = template
        if job.hasLimitPerIndex { addFailures(of: predecessor, to: &template.metadata.annotations) }
        template.metadata.annotations[JobNames.completionIndex] = "\(index)"
        template.metadata.labels[JobNames.completionIndex] = "\(index)"
        template.spec.hostname = "\(job.metadata.name ?? "")-\(index)"
        return template
    }

    func generateName(index: Int?) -> String {
        let name = job.metadata.name ?? ""
        guard let index else { return "\(name)-" }
        let end = "-\(index)-"
        return name.prefix(Self.generatedPrefixMaxBytes - end.utf8.count) + end
    }

    private func addFailures(of predecessor: Pod?, to annotations: inout [String: String]) {
        var failures = predecessor?.indexFailures ?? (counted: 0, ignored: 0)
        if let predecessor {
            if job.spec.podFailurePolicy?.verdict(on: predecessor).counts ?? true { failures.counted += 1 } else { failures.ignored += 1 }
        }
        annotations[JobNames.indexFailureCount] = "\(failures.counted)"
        if failures.ignored > 0 { annotations[JobNames.indexIgnoredFailureCount] = "\(failures.ignored)" }
    }

    private static func withIndexVariable(_ container: Container) -> Container {
        guard !container.env.contains(where: { $0.name == JobNames.indexVariable }) else { return container }
        var container = container
        container.env.append(
            EnvVar {
                $0.name = JobNames.indexVariable
                $0.valueFrom = EnvVarSource {
                    $0.fieldRef = ObjectFieldSelector { $0.fieldPath = "metadata.labels['\(JobNames.completionIndex)']" }
                }
            })
        return container
    }
}
