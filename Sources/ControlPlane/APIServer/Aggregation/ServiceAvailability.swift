internal import APIMachinery

/// Whether an aggregated API can be served, as its condition `Available` tells it (kube-aggregator's AvailableConditionController). Pure.
struct ServiceAvailability: Hashable, Sendable {
    var isAvailable: Bool
    var reason: String
    var message: String

    static let passed = ServiceAvailability(isAvailable: true, reason: "Passed", message: "all checks passed")

    static func failedDiscovery(_ why: String) -> ServiceAvailability {
        ServiceAvailability(isAvailable: false, reason: "FailedDiscoveryCheck", message: why)
    }

    private static func missing(_ reason: String, _ message: String) -> ServiceAvailability {
        ServiceAvailability(isAvailable: false, reason: reason, message: message)
    }

    /// What the objects say.
    ///
    /// - Parameters:
    ///   - service: The Service; nil when there is none.
    ///   - slices: Its EndpointSlices.
    /// - Returns: nil when only the server itself can tell.
    static func problem(of wanted: AggregatedService, service: JSONObject?, slices: [JSONObject]) -> ServiceAvailability? {
        let place = "service/\(wanted.serviceName) in \(wanted.namespace.quoted)"
        guard let service else { return missing("ServiceNotFound", "\(place) is not present") }
        guard (service["spec"]?["type"]?.stringValue ?? "ClusterIP") == "ClusterIP" else { return nil }
        let ports = service["spec"]?["ports"]?.arrayValue ?? []
        guard let port = ports.first(where: { $0["port"]?.integerValue == Int64(wanted.port) }) else {
            return missing("ServicePortError", "\(place) is not listening on port \(wanted.port)")
        }
        if slices.isEmpty { return missing("EndpointsNotFound", "cannot find endpointslices for \(place)") }
        let name = port["name"]?.stringValue ?? ""
        guard slices.contains(where: { hasEndpoint($0, portName: name) }) else {
            return missing("MissingEndpoints", "endpointslices for \(place) have no addresses with port name \(name.quoted)")
        }
        return nil
    }

    private static func hasEndpoint(_ slice: JSONObject, portName: String) -> Bool {
        let isReady = (slice["endpoints"]?.arrayValue ?? []).contains { $0["conditions"]?["ready"]?.boolValue ?? true }
        let hasPort = (slice["ports"]?.arrayValue ?? []).contains {
            ($0["name"]?.stringValue ?? "") == portName && $0["port"]?.integerValue != nil
        }
        return isReady && hasPort
    }

    /// The object's status with this as its condition; what says the same as before keeps its time.
    func status(in old: JSONValue?, now: Timestamp) -> JSONValue {
        var status = old?.objectValue ?? JSONObject()
        var conditions = status["conditions"]?.arrayValue ?? []
        var condition: JSONValue = [
            "type": "Available", "status": .string(isAvailable ? "True" : "False"), "lastTransitionTime": .string(now.description),
            "reason": .string(reason), "message": .string(message),
        ]
        if let index = conditions.firstIndex(where: { $0["type"]?.stringValue == "Available" }) {
            if conditions[index]["status"] == condition["status"] {
                condition["lastTransitionTime"] = conditions[index]["lastTransitionTime"]
            }
            conditions[index] = condition
        } else {
            conditions.append(condition)
        }
        status["conditions"] = .array(conditions)
        return .object(status)
    }
}
