internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient
import Synchronization

/// Sizes what HorizontalPodAutoscalers name by what its pods use.
package struct Autoscaler: Controller {
    package static let name = "horizontal-pod-autoscaler"
    private let context: ControllerContext
    private let loop: AutoscalerLoop

    package init(_ context: ControllerContext) {
        self.context = context
        loop = AutoscalerLoop(context)
    }

    package func run() async {
        await KeyedLoop(context, queue: loop.queue) { try await loop.reconcile($0) }.run()
    }
}

/// The loop over autoscalers: each is looked at once in a period.
final class AutoscalerLoop: Sendable {
    private static let period = Duration.seconds(15)

    private struct History {
        var recommendations: [Recommendation] = []
        var events: [ScaleEvent] = []
    }
    let queue: WorkQueue<ObjectKey>
    private let context: ControllerContext
    private let autoscalers: Informer<HorizontalPodAutoscaler>
    private let histories = Mutex<[ObjectKey: History]>([:])
    private let targets: ScaleTargets
    private let metrics: AutoscalerMetrics

    init(_ context: ControllerContext) {
        self.context = context
        queue = WorkQueue(time: context.time)
        autoscalers = context.informers.informer(HorizontalPodAutoscaler.self)
        targets = ScaleTargets(client: context.client)
        metrics = AutoscalerMetrics(context)
        autoscalers.addHandler { [self] event in
            switch event {
            case .added(let one): queue.add(ObjectKey(one), after: Self.period)
            case .updated: break
            case .deleted(let one): histories.withLock { $0[ObjectKey(one)] = nil }
            }
        }
    }

    func reconcile(_ key: ObjectKey) async throws -> Reconciler<ObjectKey>.Outcome {
        guard let autoscaler = autoscalers[key] else { return .done }
        var pass = AutoscalerPass(autoscaler, now: context.time.wallTime)
        do { try await look(&pass) } catch let failure as AutoscalerFailure {
            tell(autoscaler, "Warning", failure.reason, failure.message)
        }
        do throws(ClientError) { try await write(pass) } catch {
            if !error.isConflict { context.report("\(key): \(error)") }
        }
        return .again(after: Self.period)
    }

    private func look(_ pass: inout AutoscalerPass) async throws {
        let autoscaler = pass.autoscaler
        let scale: ScaleTargets.Scale
        do { scale = try await targets.scale(of: autoscaler) } catch {
            pass.set("AbleToScale", "False", "FailedGetScale", "the HPA controller was unable to get the target's current scale: \(error)")
            throw AutoscalerFailure(reason: "FailedGetScale", message: "\(error)")
        }
        pass.set("AbleToScale", "True", "SucceededGetScale", "the HPA controller was able to get the target's current scale")
        pass.status.currentReplicas = Int32(scale.replicas)
        guard let wanted = try await wanted(&pass, scale) else { return }
        pass.status.desiredReplicas = Int32(wanted.replicas)
        guard wanted.replicas != scale.replicas else { return }
        try await rescale(&pass, scale, wanted)
    }

    /// - Returns: nil when the size is not to be touched.
    private func wanted(_ pass: inout AutoscalerPass, _ scale: ScaleTargets.Scale) async throws -> (replicas: Int, reason: String)? {
        let bounds = pass.bounds
        if scale.replicas == 0, bounds.lowerBound != 0 {
            pass.set("ScalingActive", "False", "ScalingDisabled", "scaling is disabled since the replica count of the target is zero")
            pass.status.desiredReplicas = 0
            return nil
        }
        if scale.replicas > bounds.upperBound { return (bounds.upperBound, "Current number of replicas above Spec.MaxReplicas") }
        if scale.replicas < bounds.lowerBound { return (bounds.lowerBound, "Current number of replicas below Spec.MinReplicas") }
        let behavior = ScalingBehavior(pass.autoscaler.spec.behavior)
        let autoscaler = pass.autoscaler
        let recommendation = try await metrics.recommendation(&pass, scale, behavior.tolerance) { [self] reason, message in
            tell(autoscaler, "Warning", reason, message)
        }
        let (key, now) = (ObjectKey(pass.autoscaler), pass.now)
        let history = histories.withLock { histories in
            var history = histories[key] ?? History()
            history.recommendations.removeAll { $0.time < now - behavior.memory }
            history.events.removeAll { $0.time < now - behavior.memory }
            let before = history
            history.recommendations.append(Recommendation(replicas: recommendation.replicas, time: now))
            histories[key] = history
            return before
        }
        let outcome = behavior.outcome(
            current: scale.replicas, recommended: recommendation.replicas, before: history.recommendations, events: history.events,
            bounds: bounds, now: now)
        pass.set("AbleToScale", "True", outcome.stabilization.reason, outcome.stabilization.message)
        let limit = outcome.limit ?? ("DesiredWithinRange", "the desired count is within the acceptable range")
        pass.set("ScalingLimited", outcome.limit == nil ? "False" : "True", limit.reason, limit.message)
        let reason = outcome.replicas > scale.replicas ? "\(recommendation.metric) above target" : "All metrics below target"
        return (outcome.replicas, reason)
    }

    private func rescale(_ pass: inout AutoscalerPass, _ scale: ScaleTargets.Scale, _ wanted: (replicas: Int, reason: String)) async throws
    {
        do { try await targets.set(wanted.replicas, scale) } catch {
            pass.set("AbleToScale", "False", "FailedUpdateScale", "the HPA controller was unable to update the target scale: \(error)")
            pass.status.desiredReplicas = Int32(scale.replicas)
            throw AutoscalerFailure(
                reason: "FailedRescale", message: "New size: \(wanted.replicas); reason: \(wanted.reason); error: \(error)")
        }
        pass.set("AbleToScale", "True", "SucceededRescale", "the HPA controller was able to update the target scale to \(wanted.replicas)")
        pass.status.lastScaleTime = pass.now.truncatedToSeconds
        tell(pass.autoscaler, "Normal", "SuccessfulRescale", "New size: \(wanted.replicas); reason: \(wanted.reason)")
        let event = ScaleEvent(change: wanted.replicas - scale.replicas, time: pass.now)
        histories.withLock { $0[ObjectKey(pass.autoscaler), default: History()].events.append(event) }
    }

    private func write(_ pass: AutoscalerPass) async throws(ClientError) {
        guard pass.status != pass.autoscaler.status else { return }
        var new = pass.autoscaler
        new.status = pass.status
        try await ignoringAbsence { () throws(ClientError) in
            _ = try await context.client.resource(HorizontalPodAutoscaler.self, namespace: new.metadata.namespace).update(
                new, subresource: "status")
        }
    }

    private func tell(_ autoscaler: HorizontalPodAutoscaler, _ type: String, _ reason: String, _ message: String) {
        context.events.record(ObjectReference(autoscaler), type: type, reason: reason, message: message)
    }
}

/// Ends a pass; the event of the reason tells why.
struct AutoscalerFailure: Error {
    var reason: String
    var message: String
}

/// One look at an autoscaler, and what its status is after it.
struct AutoscalerPass: Sendable {
    let autoscaler: HorizontalPodAutoscaler
    let now: Timestamp
    var status: HorizontalPodAutoscalerStatus

    init(_ autoscaler: HorizontalPodAutoscaler, now: Timestamp) {
        self.autoscaler = autoscaler
        self.now = now
        status = autoscaler.status
    }

    var bounds: ClosedRange<Int> {
        let least = Int(autoscaler.spec.minReplicas ?? 1)
        return least...max(least, Int(autoscaler.spec.maxReplicas))
    }

    mutating func set(_ type: String, _ value: String, _ reason: String, _ message: String) {
        let old = status.conditions.first { $0.type == type }
        let new = HorizontalPodAutoscalerCondition {
            $0.type = type
            $0.status = value
            $0.reason = reason
            $0.message = message
            $0.lastTransitionTime = old?.status == value ? old?.lastTransitionTime : now.truncatedToSeconds
        }
        if let index = status.conditions.firstIndex(where: { $0.type == type }) {
            status.conditions[index] = new
        } else {
            status.conditions.append(new)
        }
    }
}
