internal import APIMachinery

/// autoscaling/v1 knows one metric, the share of CPU; all else rides in annotations.
enum AutoscalerConversion {
    private static let metrics = "autoscaling.alpha.kubernetes.io/metrics"
    private static let currentMetrics = "autoscaling.alpha.kubernetes.io/current-metrics"
    private static let conditions = "autoscaling.alpha.kubernetes.io/conditions"
    private static let behavior = "autoscaling.alpha.kubernetes.io/behavior"

    static func toV2(_ object: JSONObject) -> JSONObject {
        var result = object
        var annotations = object["metadata"]?["annotations"]?.objectValue ?? JSONObject()
        var list = read(&annotations, metrics)?.arrayValue ?? []
        let behaviorValue = read(&annotations, behavior)
        let current = read(&annotations, currentMetrics)
        let conditionsValue = read(&annotations, conditions)
        result.change("spec") { spec in
            if let share = spec["targetCPUUtilizationPercentage"] {
                list.insert(cpuMetric("target", ["type": "Utilization", "averageUtilization": share]), at: 0)
            }
            spec["targetCPUUtilizationPercentage"] = nil
            if !list.isEmpty { spec["metrics"] = .array(list) }
            if let behaviorValue { spec["behavior"] = behaviorValue }
        }
        result.change("status") { status in
            var now = current?.arrayValue ?? []
            if let share = status["currentCPUUtilizationPercentage"], now.isEmpty {
                now = [cpuMetric("current", ["averageUtilization": share])]
            }
            status["currentCPUUtilizationPercentage"] = nil
            status["currentMetrics"] = now.isEmpty ? .null : .array(now)
            if let conditionsValue { status["conditions"] = conditionsValue }
        }
        setAnnotations(annotations, on: &result)
        return result
    }

    static func toV1(_ object: JSONObject) -> JSONObject {
        var result = object
        var annotations = object["metadata"]?["annotations"]?.objectValue ?? JSONObject()
        result.change("spec") { spec in
            var list = spec["metrics"]?.arrayValue ?? []
            if let index = list.firstIndex(where: isCPUShare) {
                spec["targetCPUUtilizationPercentage"] = list[index]["resource"]?["target"]?["averageUtilization"]
                list.remove(at: index)
            }
            spec["metrics"] = nil
            if !list.isEmpty { annotations[metrics] = text(.array(list)) }
            if let value = spec["behavior"] { annotations[behavior] = text(value) }
            spec["behavior"] = nil
        }
        result.change("status") { status in
            let now = status["currentMetrics"]?.arrayValue ?? []
            let cpu = now.first { $0["type"] == "Resource" && $0["resource"]?["name"] == "cpu" }
            status["currentCPUUtilizationPercentage"] = cpu?["resource"]?["current"]?["averageUtilization"]
            status["currentMetrics"] = nil
            if !now.isEmpty { annotations[currentMetrics] = text(.array(now)) }
            if let list = status["conditions"]?.arrayValue, !list.isEmpty { annotations[conditions] = text(.array(list)) }
            status["conditions"] = nil
            status.setDefault("currentReplicas", 0)
            status.setDefault("desiredReplicas", 0)
        }
        setAnnotations(annotations, on: &result)
        return result
    }

    private static func cpuMetric(_ member: String, _ value: JSONValue) -> JSONValue {
        [
            "type": "Resource",
            "resource": .object(
                JSONObject(members: [
                    .init(key: "name", value: "cpu"), .init(key: member, value: value),
                ])),
        ]
    }

    private static func isCPUShare(_ metric: JSONValue) -> Bool {
        metric["type"] == "Resource" && metric["resource"]?["name"] == "cpu"
            && metric["resource"]?["target"]?["averageUtilization"] != nil
    }

    private static func read(_ annotations: inout JSONObject, _ key: String) -> JSONValue? {
        guard let text = annotations[key]?.stringValue else { return nil }
        annotations[key] = nil
        return try? JSONValue(parsing: text)
    }

    private static func text(_ value: JSONValue) -> JSONValue { .string(value.serializedText(.compact)) }

    private static func setAnnotations(_ annotations: JSONObject, on object: inout JSONObject) {
        object.change("metadata") { metadata in
            metadata["annotations"] = .object(annotations)
            if annotations.isEmpty { metadata["annotations"] = nil }
        }
    }
}
