package import APIMachinery

/// Conversion between two versions of one stored kind: autoscalers (stored as autoscaling/v2) and events (stored as
/// core/v1). Both sides are canonical.
package enum VersionConversion {
    /// - Returns: The object as it is for kinds that need none, with its apiVersion and kind set.
    package static func convert(
        _ object: JSONObject, from: GroupVersionKind, to: GroupVersionKind
    ) -> JSONObject {
        var result = object
        switch (from.group, from.version, to.group, to.version) {
        case ("events.k8s.io", _, "", _): result = coreEvent(object)
        case ("", _, "events.k8s.io", _): result = newEvent(object)
        case ("autoscaling", "v1", "autoscaling", "v2"): result = AutoscalerConversion.toV2(object)
        case ("autoscaling", "v2", "autoscaling", "v1"): result = AutoscalerConversion.toV1(object)
        default: break
        }
        result["kind"] = .string(to.kind)
        result["apiVersion"] = .string(to.apiVersion)
        return result
    }

    /// Names of events.k8s.io and of core.
    private static let eventNames: [(new: String, core: String)] = [
        ("note", "message"), ("regarding", "involvedObject"), ("reportingController", "reportingComponent"),
        ("deprecatedCount", "count"), ("deprecatedFirstTimestamp", "firstTimestamp"),
        ("deprecatedLastTimestamp", "lastTimestamp"), ("deprecatedSource", "source"),
    ]

    static func coreEvent(_ object: JSONObject) -> JSONObject {
        renamed(object, Dictionary(uniqueKeysWithValues: eventNames.map { ($0.new, $0.core) }))
    }

    static func newEvent(_ object: JSONObject) -> JSONObject {
        renamed(object, Dictionary(uniqueKeysWithValues: eventNames.map { ($0.core, $0.new) }))
    }

    private static func renamed(_ object: JSONObject, _ names: [String: String]) -> JSONObject {
        JSONObject(members: object.members.map { .init(key: names[$0.key] ?? $0.key, value: $0.value) })
    }
}
