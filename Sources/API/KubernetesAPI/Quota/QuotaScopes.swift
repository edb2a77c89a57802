package import APIMachinery

/// Which pods a quota with scopes counts.
package enum QuotaScopes {
    package static func match(_ quota: JSONObject, _ object: JSONObject, isPod: Bool) -> Bool {
        let scopes = (quota["spec"]?["scopes"]?.arrayValue ?? []).compactMap(\.stringValue)
        let selectors = quota["spec"]?["scopeSelector"]?["matchExpressions"]?.arrayValue ?? []
        guard !scopes.isEmpty || !selectors.isEmpty else { return true }
        guard isPod else { return false }
        return scopes.allSatisfy { has(object, $0) } && selectors.allSatisfy { matches(object, $0) }
    }

    private static func has(_ pod: JSONObject, _ scope: String) -> Bool {
        let ends = pod["spec"]?["activeDeadlineSeconds"]?.integerValue != nil
        let asks = !PodResources.total(pod, "requests").isEmpty || !PodResources.total(pod, "limits").isEmpty
        switch scope {
        case "Terminating": return ends
        case "NotTerminating": return !ends
        case "BestEffort": return !asks
        case "NotBestEffort": return asks
        case "PriorityClass": return pod["spec"]?["priorityClassName"]?.stringValue?.isEmpty == false
        default: return false
        }
    }

    private static func matches(_ pod: JSONObject, _ expression: JSONValue) -> Bool {
        let scope = expression["scopeName"]?.stringValue ?? ""
        guard scope == "PriorityClass" else {
            return (expression["operator"]?.stringValue == "DoesNotExist") != has(pod, scope)
        }
        let name = JSONValue.string(pod["spec"]?["priorityClassName"]?.stringValue ?? "")
        let values = expression["values"]?.arrayValue ?? []
        switch expression["operator"]?.stringValue {
        case "In": return values.contains(name)
        case "NotIn": return !values.contains(name)
        case "Exists": return name != ""
        case "DoesNotExist": return name == ""
        default: return false
        }
    }
}
