internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// What an autoscaler's metrics ask for.
struct AutoscalerMetrics: Sendable {
    private let pods: Informer<Pod>
    private let reader: MetricsReader

    init(_ context: ControllerContext) {
        pods = context.informers.informer(Pod.self)
        pods.addIndex(ServicesOfPods.namespaceIndex) { [$0.metadata.namespace ?? ""] }
        reader = MetricsReader(client: context.client)
    }

    private struct Answer {
        var replicas: Int
        var metric: String
        var status: MetricStatus
    }

    /// The greatest of what the metrics ask for. Some that fail only keep it from becoming smaller.
    ///
    /// - Parameter tell: Writes a warning about the autoscaler.
    func recommendation(
        _ pass: inout AutoscalerPass, _ scale: ScaleTargets.Scale, _ tolerance: (up: Double, down: Double), tell: (String, String) -> Void
    ) async throws -> (replicas: Int, metric: String) {
        guard !scale.selector.isEmpty, let selector = try? Selector(parsing: scale.selector) else {
            pass.set("ScalingActive", "False", "InvalidSelector", "the HPA target's scale is missing a selector")
            throw AutoscalerFailure(reason: "SelectorRequired", message: "selector is required")
        }
        let namespace = pass.autoscaler.metadata.namespace ?? ""
        let selected = pods.objects(index: ServicesOfPods.namespaceIndex, value: namespace).filter { selector.matches($0.metadata.labels) }
        var best: Answer?
        var statuses: [MetricStatus] = []
        var failures: [AutoscalerFailure] = []
        for metric in pass.autoscaler.spec.metrics {
            do {
                let answer = try await answer(metric, selected, scale, pass, tolerance)
                statuses.append(answer.status)
                if best.map({ answer.replicas > $0.replicas }) ?? true { best = answer }
            } catch let failure as AutoscalerFailure {
                tell(failure.reason, failure.message)
                failures.append(failure)
                statuses.append(MetricStatus())
            }
        }
        pass.status.currentMetrics = statuses
        guard let first = failures.first else { return try finish(&pass, best) }
        let count = pass.autoscaler.spec.metrics.count
        let name = pass.autoscaler.spec.metrics.first.map(Self.valueName) ?? ""
        let summary = "invalid metrics (\(failures.count) invalid out of \(count)), first error is: failed to get \(name): \(first.message)"
        guard let best, best.replicas >= scale.replicas else {
            pass.set("ScalingActive", "False", first.reason, "the HPA was unable to compute the replica count: \(first.message)")
            throw AutoscalerFailure(reason: "FailedComputeMetricsReplicas", message: summary)
        }
        tell("FailedComputeMetricsReplicas", summary)
        return try finish(&pass, best)
    }

    private func finish(_ pass: inout AutoscalerPass, _ best: Answer?) throws -> (replicas: Int, metric: String) {
        guard let best else { throw AutoscalerFailure(reason: "FailedComputeMetricsReplicas", message: "no metrics are given") }
        pass.set(
            "ScalingActive", "True", "ValidMetricFound", "the HPA was able to successfully calculate a replica count from \(best.metric)")
        return (best.replicas, best.metric)
    }

    /// As upstream's error names a metric's value.
    private static func valueName(_ metric: MetricSpec) -> String {
        switch metric.type {
        case "Resource": "\(metric.resource?.name ?? "") resource metric value"
        case "ContainerResource": "\(metric.containerResource?.name ?? "") container metric value"
        case "Object": "object metric value"
        case "Pods": "pods metric value"
        default: "external metric value"
        }
    }

    private func answer(
        _ metric: MetricSpec, _ pods: [Pod], _ scale: ScaleTargets.Scale, _ pass: AutoscalerPass, _ tolerance: (up: Double, down: Double)
    ) async throws -> Answer {
        switch metric.type {
        case "Resource":
            guard let source = metric.resource else { break }
            return try await resourceAnswer(source.name, nil, source.target, pods, scale, pass, tolerance) { status in
                MetricStatus {
                    $0.type = "Resource"
                    $0.resource = ResourceMetricStatus {
                        $0.name = source.name
                        $0.current = status
                    }
                }
            }
        case "ContainerResource":
            guard let source = metric.containerResource else { break }
            return try await resourceAnswer(source.name, source.container, source.target, pods, scale, pass, tolerance) { status in
                MetricStatus {
                    $0.type = "ContainerResource"
                    $0.containerResource = ContainerResourceMetricStatus {
                        $0.name = source.name
                        $0.container = source.container
                        $0.current = status
                    }
                }
            }
        default: break
        }
        let api = metric.type == "External" ? "external" : "custom"
        throw AutoscalerFailure(
            reason: "FailedGet\(metric.type)Metric",
            message: "unable to get metric of type \(metric.type): this controller reads resource metrics, not the \(api) metrics API")
    }

    private func resourceAnswer(
        _ resource: String, _ container: String?, _ target: MetricTarget, _ pods: [Pod], _ scale: ScaleTargets.Scale,
        _ pass: AutoscalerPass,
        _ tolerance: (up: Double, down: Double), _ status: (MetricValueStatus) -> MetricStatus
    ) async throws -> Answer {
        let isUtilization = target.averageValue == nil
        let reason = container == nil ? "FailedGetResourceMetric" : "FailedGetContainerResourceMetric"
        let what = "failed to get \(resource) \(isUtilization ? "utilization" : "usage")"
        let goal: MetricReplicas.Target =
            if let value = target.averageValue { .averageValue(milliValue: max(1, value.milliValue)) } else {
                .utilization(max(1, target.averageUtilization ?? 80))
            }
        let calculator = MetricReplicas(
            resource: resource, container: container, target: goal, currentReplicas: scale.replicas, tolerance: tolerance, now: pass.now)
        let result: MetricReplicas.Result
        do {
            let usages = try await reader.usages(
                resource, container: container, namespace: pass.autoscaler.metadata.namespace ?? "", selector: scale.selector)
            result = try calculator.result(pods, usages)
        } catch let failure as MetricsReader.Failure {
            throw AutoscalerFailure(reason: reason, message: "\(what): unable to get metrics for resource \(resource): \(failure)")
        } catch {
            throw AutoscalerFailure(reason: reason, message: "\(what): \(error)")
        }
        let name =
            "\(resource) \(container == nil ? "" : "container ")resource\(isUtilization ? " utilization (percentage of request)" : "")"
        return Answer(
            replicas: result.replicas, metric: name,
            status: status(
                MetricValueStatus {
                    $0.averageUtilization = result.utilization
                    $0.averageValue = Quantity(milliValue: result.averageMilliValue)
                }))
    }
}
