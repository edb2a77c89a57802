internal import APIServer
import Synchronization

/// Counts and times requests, for `/metrics` in the names of kube-apiserver (Prometheus text format 0.0.4).
final class RequestMetrics: Sendable {
    private struct Key: Hashable {
        var verb: String
        var group: String
        var version: String
        var resource: String
        var subresource: String
    }
    fileprivate struct Series {
        var byCode: [Int: Int] = [:]
        var buckets = [Int](repeating: 0, count: RequestMetrics.bounds.count)
        var sum = 0.0
        var count = 0
    }
    private struct State {
        var series: [Key: Series] = [:]
        var inFlight = 0
        var longRunning = 0
    }

    private static let bounds = [0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 30]
    /// More than this are counted as one: names in URLs and methods are the clients'.
    private static let seriesCountMax = 2_000
    private static let verbs: Set<String> = [
        "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "post", "put", "head", "options",
    ]
    private static let other = Key(verb: "other", group: "", version: "", resource: "", subresource: "")
    private let state = Mutex(State())

    func began(_ info: RequestInfo) {
        state.withLock { if info.isLongRunning { $0.longRunning += 1 } else { $0.inFlight += 1 } }
    }

    func ended(_ info: RequestInfo, status: Int, seconds: Double) {
        let isKnown = status != 404 && status != 403 && info.isResourceRequest
        var key = Key(
            verb: Self.verbs.contains(info.verb) ? info.verb : "other", group: isKnown ? info.apiGroup : "",
            version: isKnown ? info.apiVersion : "",
            resource: isKnown ? info.resource : "", subresource: isKnown ? info.subresource : "")
        state.withLock { state in
            if info.isLongRunning { state.longRunning -= 1 } else { state.inFlight -= 1 }
            if state.series[key] == nil, state.series.count >= Self.seriesCountMax { key = Self.other }
            state.series[key, default: Series()].add(status, seconds, Self.bounds)
        }
    }

    var text: String {
        let state = state.withLock { $0 }
        var text = "# TYPE apiserver_request_total counter\n"
        let series = state.series.sorted { "\($0.key)" < "\($1.key)" }
        for (key, values) in series {
            for (code, count) in values.byCode.sorted(by: { $0.key < $1.key }) {
                text += "apiserver_request_total{code=\"\(code)\",\(Self.labels(key))} \(count)\n"
            }
        }
        text += "# TYPE apiserver_request_duration_seconds histogram\n"
        for (key, values) in series {
            let labels = Self.labels(key)
            for (bound, count) in zip(Self.bounds, values.buckets) {
                text += "apiserver_request_duration_seconds_bucket{\(labels),le=\"\(bound)\"} \(count)\n"
            }
            text += "apiserver_request_duration_seconds_bucket{\(labels),le=\"+Inf\"} \(values.count)\n"
            text += "apiserver_request_duration_seconds_sum{\(labels)} \(values.sum)\n"
            text += "apiserver_request_duration_seconds_count{\(labels)} \(values.count)\n"
        }
        text += "# TYPE apiserver_current_inflight_requests gauge\napiserver_current_inflight_requests \(state.inFlight)\n"
        text += "# TYPE apiserver_longrunning_requests gauge\napiserver_longrunning_requests \(state.longRunning)\n"
        return text
    }

    private static func labels(_ key: Key) -> String {
        [
            ("group", key.group), ("resource", key.resource), ("subresource", key.subresource), ("verb", key.verb.uppercased()),
            ("version", key.version),
        ]
        .map { "\($0.0)=\"\($0.1.escapedForLabel)\"" }.joined(separator: ",")
    }
}

extension RequestMetrics.Series {
    fileprivate mutating func add(_ status: Int, _ seconds: Double, _ bounds: [Double]) {
        byCode[status, default: 0] += 1
        for (index, bound) in bounds.enumerated() where seconds <= bound { buckets[index] += 1 }
        sum += seconds
        count += 1
    }
}

extension String {
    fileprivate var escapedForLabel: String {
        String(
            flatMap { character -> [Character] in
                switch character {
                case "\\": ["\\", "\\"]
                case "\"": ["\\", "\""]
                case "\n": ["\\", "n"]
                default: [character]
                }
            })
    }
}
