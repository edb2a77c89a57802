internal import APIMachinery

/// A pod's row: what its containers say together.
enum PodPrinter {
    static let printer: TablePrinter = {
        var printer = TablePrinter(
            "Name", "Ready", "Status", "Restarts", "Age", "IP::1", "Node::1", "Nominated Node::1", "Readiness Gates::1"
        ) { pod, now in
            let summary = Summary(pod)
            return [
                TablePrinters.name(pod), .string("\(summary.ready)/\(summary.total)"), .string(summary.reason),
                .string(summary.restarts(now)), TablePrinters.age(pod, now), address(pod),
                TablePrinters.text(pod["spec", "nodeName"], or: "<none>"),
                TablePrinters.text(pod["status", "nominatedNodeName"], or: "<none>"), .string(gates(pod)),
            ]
        }
        printer.conditions = conditions
        return printer
    }()

    private static func address(_ pod: JSONField) -> JSONValue {
        let first = pod["status", "podIPs"].items.first?["ip"] ?? pod["status", "podIP"]
        return TablePrinters.text(first, or: "<none>")
    }

    private static func gates(_ pod: JSONField) -> String {
        let gates = pod["spec", "readinessGates"].items
        guard !gates.isEmpty else { return "<none>" }
        let met = gates.count { gate in
            pod["status", "conditions"].items.contains {
                $0["type"].string == gate["conditionType"].string && $0["status"].string == "True"
            }
        }
        return "\(met)/\(gates.count)"
    }

    private static let conditions: @Sendable (JSONField) -> [JSONValue] = { pod in
        switch pod["status", "phase"].string {
        case "Succeeded": [condition("Succeeded", "The pod has completed successfully.")]
        case "Failed": [condition("Failed", "The pod failed.")]
        default: []
        }
    }

    private static func condition(_ reason: JSONValue, _ message: JSONValue) -> JSONValue {
        ["type": "Completed", "status": "True", "reason": reason, "message": message]
    }

    private struct Summary {
        var reason: String
        var ready = 0
        var total: Int
        private var restartCount: Int64 = 0
        private var sidecarRestarts: Int64 = 0
        private var lastRestart: Timestamp?
        private var lastSidecarRestart: Timestamp?
        private let pod: JSONField
        private let sidecars: Set<String>

        init(_ pod: JSONField) {
            self.pod = pod
            let inits = pod["spec", "initContainers"].items
            sidecars = Set(inits.filter { $0["restartPolicy"].string == "Always" }.map { $0["name"].string })
            total = pod["spec", "containers"].items.count + sidecars.count
            let status = pod["status"]
            reason = status["reason"].isEmptyText ? status["phase"].string : status["reason"].string
            let isGated = status["conditions"].items.contains {
                $0["type"].string == "PodScheduled" && $0["reason"].string == "SchedulingGated"
            }
            if isGated { reason = "SchedulingGated" }
            let isInitialising = readInitContainers(count: inits.count)
            if !isInitialising || isInitialised {
                restartCount = sidecarRestarts
                lastRestart = lastSidecarRestart
                readContainers()
            }
            readDeletion()
        }

        private var isInitialised: Bool { hasCondition("Initialized") }

        private func hasCondition(_ type: String) -> Bool {
            pod["status", "conditions"].items.contains { $0["type"].string == type && $0["status"].string == "True" }
        }

        /// - Returns: Whether one of them is not done.
        private mutating func readInitContainers(count: Int) -> Bool {
            for (index, status) in pod["status", "initContainerStatuses"].items.enumerated() {
                restartCount += status["restartCount"].integer ?? 0
                lastRestart = later(lastRestart, status)
                let isSidecar = sidecars.contains(status["name"].string)
                if isSidecar {
                    sidecarRestarts += status["restartCount"].integer ?? 0
                    lastSidecarRestart = later(lastSidecarRestart, status)
                }
                let state = status["state"]
                if state["terminated"].isSet, state["terminated", "exitCode"].integer ?? 0 == 0 { continue }
                if isSidecar, status["started"].isTrue {
                    if status["ready"].isTrue { ready += 1 }
                    continue
                }
                reason = Self.initReason(state, index, count)
                return true
            }
            return false
        }

        private static func initReason(_ state: JSONField, _ index: Int, _ count: Int) -> String {
            let terminated = state["terminated"]
            if terminated.isSet { return "Init:" + terminatedReason(terminated) }
            let waiting = state["waiting", "reason"].string
            if !waiting.isEmpty, waiting != "PodInitializing" { return "Init:" + waiting }
            return "Init:\(index)/\(count)"
        }

        private static func terminatedReason(_ terminated: JSONField) -> String {
            if !terminated["reason"].isEmptyText { return terminated["reason"].string }
            if let signal = terminated["signal"].integer, signal != 0 { return "Signal:\(signal)" }
            return "ExitCode:\(terminated["exitCode"].integer ?? 0)"
        }

        private mutating func readContainers() {
            var hasRunning = false
            for status in pod["status", "containerStatuses"].items.reversed() {
                restartCount += status["restartCount"].integer ?? 0
                lastRestart = later(lastRestart, status)
                let state = status["state"]
                if !state["waiting", "reason"].isEmptyText {
                    reason = state["waiting", "reason"].string
                } else if state["terminated"].isSet {
                    reason = Self.terminatedReason(state["terminated"])
                } else if status["ready"].isTrue, state["running"].isSet {
                    hasRunning = true
                    ready += 1
                }
            }
            if reason == "Completed", hasRunning { reason = hasCondition("Ready") ? "Running" : "NotReady" }
        }

        private mutating func readDeletion() {
            guard pod["metadata", "deletionTimestamp"].isSet else { return }
            if pod["status", "reason"].string == "NodeLost" {
                reason = "Unknown"
            } else if !["Succeeded", "Failed"].contains(pod["status", "phase"].string) {
                reason = "Terminating"
            }
        }

        private func later(_ time: Timestamp?, _ status: JSONField) -> Timestamp? {
            guard let end = Timestamp(status["lastState", "terminated", "finishedAt"].string) else { return time }
            return time.map { max($0, end) } ?? end
        }

        func restarts(_ now: TableClock) -> String {
            guard restartCount > 0, let lastRestart else { return String(restartCount) }
            return "\(restartCount) (\(now.since(lastRestart)) ago)"
        }
    }
}
