internal import APIMachinery

extension TablePrinters {
    static let core: [String: TablePrinter] = [
        "core/v1.Pod": PodPrinter.printer,
        "core/v1.ConfigMap": TablePrinter("Name", "Data", "Age") { object, now in
            [
                name(object), .integer(Int64(object["data"].object.count + object["binaryData"].object.count)),
                age(object, now),
            ]
        },
        "core/v1.Secret": TablePrinter("Name", "Type", "Data", "Age") { object, now in
            [
                name(object), .string(object["type"].string), .integer(Int64(object["data"].object.count)),
                age(object, now),
            ]
        },
        "core/v1.ServiceAccount": TablePrinter("Name", "Age") { object, now in [name(object), age(object, now)] },
        "core/v1.Event": event,
        "events/v1.Event": TablePrinter(
            "Last Seen", "Type", "Reason", "Object", "Subobject::1", "Source::1", "Message", "First Seen::1",
            "Count::1", "Name::1"
        ) { object, now in event.cells(JSONField(.object(VersionConversion.coreEvent(object.object)), nil), now) },
        "core/v1.LimitRange": createdAt,
        "core/v1.ResourceQuota": TablePrinter("Name", "Request", "Limit", "Age") { object, now in
            let (requests, limits) = quota(object)
            return [name(object), .string(requests), .string(limits), age(object, now)]
        },
        "core/v1.PodTemplate": TablePrinter("Name", "Containers", "Images", "Pod Labels") { object, _ in
            let (names, images) = containers(object["template", "spec"])
            return [name(object), names, images, .string(labels(object["template", "metadata", "labels"]))]
        },
        "core/v1.ComponentStatus": TablePrinter("Name", "Status", "Message", "Error") { object, _ in
            let healthy = object["conditions"].items.first { $0["type"].string == "Healthy" }
            let words = ["True": "Healthy", "False": "Unhealthy"]
            return [
                name(object), .string(words[healthy?["status"].string ?? ""] ?? "Unknown"),
                .string(healthy?["message"].string ?? ""), .string(healthy?["error"].string ?? ""),
            ]
        },
    ]

    private static let event = TablePrinter(
        "Last Seen", "Type", "Reason", "Object", "Subobject::1", "Source::1", "Message", "First Seen::1", "Count::1",
        "Name::1"
    ) { event, now in
        let times = eventTimes(event, now)
        let object = event["involvedObject"]
        let target =
            object["name"].isEmptyText
            ? object["kind"].string.lowercased() : "\(object["kind"].string.lowercased())/\(object["name"].string)"
        return [
            .string(times.last), .string(event["type"].string), .string(event["reason"].string), .string(target),
            .string(object["fieldPath"].string), .string(eventSource(event)),
            .string(event["message"].string.trimmed), .string(times.first), .integer(times.count), name(event),
        ]
    }

    private static func eventTimes(
        _ event: JSONField, _ now: TableClock
    ) -> (first: String, last: String, count: Int64) {
        let first = event["firstTimestamp"].isSet ? event["firstTimestamp"] : event["eventTime"]
        var last = event["lastTimestamp"].isSet ? event["lastTimestamp"] : first
        var count = event["count"].integer ?? 0
        if event["series"].isSet {
            last = event["series", "lastObservedTime"]
            count = event["series", "count"].integer ?? 0
        } else if count == 0 {
            count = 1
        }
        return (sinceMicro(first, now), sinceMicro(last, now), count)
    }

    private static func sinceMicro(_ field: JSONField, _ now: TableClock) -> String {
        guard let time = MicroTimestamp(field.string)?.timestamp ?? Timestamp(field.string) else { return "<unknown>" }
        return now.since(time)
    }

    private static func eventSource(_ event: JSONField) -> String {
        let component = event["source", "component"].isEmptyText ? event["reportingComponent"] : event["source", "component"]
        let host = event["source", "host"].isEmptyText ? event["reportingInstance"] : event["source", "host"]
        return host.isEmptyText ? component.string : "\(component.string), \(host.string)"
    }

    /// `pods: 1/10, requests.cpu: 2/4`, limits apart.
    private static func quota(_ object: JSONField) -> (requests: String, limits: String) {
        var (requests, limits): ([String], [String]) = ([], [])
        for entry in object["status", "hard"].entries.sorted(by: { $0.key < $1.key }) {
            let used = object["status", "used"][entry.key]
            let text = "\(entry.key): \(used.isSet ? used.string : "0")/\(entry.field.string)"
            if entry.key.hasPrefix("limits") { limits.append(text) } else { requests.append(text) }
        }
        return (requests.joined(separator: ", "), limits.joined(separator: ", "))
    }
}

extension String {
    fileprivate var trimmed: String {
        String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }
}
