internal import APIMachinery

extension Validator {
    /// - Parameter isNewAPI: Whether the event came through events.k8s.io, whose rules are stricter.
    mutating func event(_ object: JSONField, isNewAPI: Bool) {
        eventNamespace(object)
        let time = object["eventTime"]
        if !isNewAPI {
            // The rules of events.k8s.io hold as soon as an event has its time.
            guard time.isSet else { return }
            return eventSource(object, lengths: false)
        }
        if time.isSet { eventSource(object, lengths: true) } else { report(.required(time.path)) }
        let type = object["type"]
        if !["Normal", "Warning"].contains(type.string) {
            report(.invalid(type.path, "", "has invalid value: \(type.string)"))
        }
        for name in ["count", "firstTimestamp", "lastTimestamp", "source"] where Self.isGiven(object[name]) {
            report(.invalid(object[name].path, "", "needs to be unset"))
        }
        if let count = object["series", "count"].integer ?? (object["series"].isSet ? 0 : nil), count < 2 {
            report(.invalid(object["series", "count"].path, "", "should be at least 2"))
        }
    }

    private static func isGiven(_ field: JSONField) -> Bool {
        field.isSet && field.value != .integer(0) && field.value != .object(JSONObject())
    }

    private mutating func eventNamespace(_ object: JSONField) {
        let namespace = object["involvedObject", "namespace"]
        let own = object["metadata", "namespace"].string
        let isClusterObject = namespace.isEmptyText && (own == "default" || own == "kube-system")
        if !isClusterObject, namespace.string != own {
            report(.invalid(namespace.path, .string(namespace.string), "does not match event.namespace"))
        }
    }

    private mutating func eventSource(_ object: JSONField, lengths: Bool) {
        let component = JSONField(
            object["reportingComponent"].value, FieldPath(lengths ? "reportingController" : "reportingComponent"))
        required(component)
        invalid(component.path, component.string, NameValidation.qualifiedName(component.string))
        let limited: [(String, Int)] = [("reportingInstance", 128), ("action", 128), ("reason", 128)]
        for (name, limit) in limited {
            required(object[name])
            if lengths, object[name].string.utf8.count > limit {
                report(.invalid(object[name].path, "", "can have at most \(limit) characters"))
            }
        }
        if lengths, object["message"].string.utf8.count > 1024 {
            report(.invalid(FieldPath("message"), "", "can have at most 1024 characters"))
        }
    }
}
