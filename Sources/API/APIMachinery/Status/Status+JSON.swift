extension Status {
    /// The object as it goes over the wire.
    package var json: JSONValue {
        var object: JSONObject = [
            "kind": "Status", "apiVersion": "v1", "metadata": [:],
            "status": .string(isSuccess ? "Success" : "Failure"),
        ]
        if !message.isEmpty { object.append("message", .string(message)) }
        if reason != .unknown { object.append("reason", .string(reason.rawValue)) }
        if let details { object.append("details", details.json) }
        object.append("code", .integer(Int64(code)))
        return .object(object)
    }

    /// Reads a Status object; nil when the value is something else. Members of a wrong type count as absent.
    package init?(json: JSONValue) {
        guard json["kind"]?.stringValue == "Status", json["apiVersion"]?.stringValue == "v1" else { return nil }
        self.init(
            isSuccess: json["status"]?.stringValue == "Success",
            code: Int32(clamping: json["code"]?.integerValue ?? 0),
            reason: StatusReason(rawValue: json["reason"]?.stringValue ?? ""),
            message: json["message"]?.stringValue ?? "", details: json["details"].map { Details(json: $0) })
    }
}

extension Status.Details {
    fileprivate var json: JSONValue {
        var object = JSONObject()
        for (key, text) in [("name", name), ("group", group), ("kind", kind), ("uid", uid)] where !text.isEmpty {
            object.append(key, .string(text))
        }
        if !causes.isEmpty { object.append("causes", .array(causes.map(\.json))) }
        if retryAfterSeconds != 0 { object.append("retryAfterSeconds", .integer(Int64(retryAfterSeconds))) }
        return .object(object)
    }

    fileprivate init(json: JSONValue) {
        self.init()
        name = json["name"]?.stringValue ?? ""
        group = json["group"]?.stringValue ?? ""
        kind = json["kind"]?.stringValue ?? ""
        uid = json["uid"]?.stringValue ?? ""
        causes = (json["causes"]?.arrayValue ?? []).map { Status.Cause(json: $0) }
        retryAfterSeconds = Int32(clamping: json["retryAfterSeconds"]?.integerValue ?? 0)
    }
}

extension Status.Cause {
    fileprivate var json: JSONValue {
        var object = JSONObject()
        for (key, text) in [("reason", reason), ("message", message), ("field", field)] where !text.isEmpty {
            object.append(key, .string(text))
        }
        return .object(object)
    }

    fileprivate init(json: JSONValue) {
        self.init(
            reason: json["reason"]?.stringValue ?? "", message: json["message"]?.stringValue ?? "",
            field: json["field"]?.stringValue ?? "")
    }
}
