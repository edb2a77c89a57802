import Synchronization

/// Counts and times the calls of webhooks, for `/metrics` in the names of kube-apiserver (Prometheus text format 0.0.4).
package final class WebhookMetrics: Sendable {
    private struct Series: Hashable, Comparable {
        var name: String
        var type: String
        var operation: String
        var isRejected: Bool

        var labels: String { "name=\"\(name)\",operation=\"\(operation)\",rejected=\"\(isRejected)\",type=\"\(type)\"" }
        static func < (left: Self, right: Self) -> Bool { left.labels < right.labels }
    }
    private struct Rejection: Hashable, Comparable {
        var series: Series
        var errorType: String
        var code: Int

        var labels: String {
            "error_type=\"\(errorType)\",name=\"\(series.name)\",operation=\"\(series.operation)\",rejection_code=\"\(code)\",type=\"\(series.type)\""
        }
        static func < (left: Self, right: Self) -> Bool { left.labels < right.labels }
    }
    private struct Times {
        var buckets = [Int](repeating: 0, count: WebhookMetrics.bounds.count)
        var sum = 0.0
        var count = 0
    }
    private struct State {
        var times: [Series: Times] = [:]
        var rejections: [Rejection: Int] = [:]
        /// By name and type.
        var failedOpen: [Series: Int] = [:]
    }

    /// Upstream's, in seconds.
    private static let bounds = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 25]
    private let state = Mutex(State())

    package init() {}

    func asked(
        _ webhook: Webhook, _ operation: AdmissionAttributes.Operation, isMutating: Bool, _ outcome: WebhookOutcome, took time: Duration
    ) {
        let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
        var series = Series(
            name: webhook.name, type: isMutating ? "admit" : "validating", operation: operation.rawValue, isRejected: false)
        state.withLock { state in
            switch outcome {
            case .allowed, .patched: break
            case .refused(let status):
                series.isRejected = true
                state.rejections[Rejection(series: series, errorType: "no_error", code: Int(status.code)), default: 0] += 1
            case .failed where webhook.failsOpen:
                state.failedOpen[Series(name: series.name, type: series.type, operation: "", isRejected: false), default: 0] += 1
            case .failed:
                series.isRejected = true
                state.rejections[Rejection(series: series, errorType: "calling_webhook_error", code: 500), default: 0] += 1
            }
            var times = state.times[series] ?? Times()
            for (index, bound) in Self.bounds.enumerated() where seconds <= bound { times.buckets[index] += 1 }
            times.sum += seconds
            times.count += 1
            state.times[series] = times
        }
    }

    /// Empty until a webhook has been asked.
    package var text: String {
        let state = state.withLock { $0 }
        guard !state.times.isEmpty else { return "" }
        let duration = "apiserver_admission_webhook_admission_duration_seconds"
        var text = "# TYPE \(duration) histogram\n"
        for (series, times) in state.times.sorted(by: { $0.key < $1.key }) {
            for (bound, count) in zip(Self.bounds, times.buckets) {
                text += "\(duration)_bucket{\(series.labels),le=\"\(bound)\"} \(count)\n"
            }
            text += "\(duration)_bucket{\(series.labels),le=\"+Inf\"} \(times.count)\n"
            text += "\(duration)_sum{\(series.labels)} \(times.sum)\n\(duration)_count{\(series.labels)} \(times.count)\n"
        }
        text += "# TYPE apiserver_admission_webhook_rejection_count counter\n"
        for (rejection, count) in state.rejections.sorted(by: { $0.key < $1.key }) {
            text += "apiserver_admission_webhook_rejection_count{\(rejection.labels)} \(count)\n"
        }
        text += "# TYPE apiserver_admission_webhook_fail_open_count counter\n"
        for (series, count) in state.failedOpen.sorted(by: { $0.key < $1.key }) {
            text += "apiserver_admission_webhook_fail_open_count{name=\"\(series.name)\",type=\"\(series.type)\"} \(count)\n"
        }
        return text
    }
}
