package import APIMachinery

/// The fields that selectors may use, by kind.
package struct FieldLabels: Sendable {
    /// Besides `metadata.name` and `metadata.namespace`.
    package let names: [String]
    private let paths: [String: String]

    /// - Parameter name: A type of the schema.
    package static func of(_ name: String) -> FieldLabels { all[name] ?? FieldLabels([]) }

    /// - Parameter labels: A label, or `LABEL=PATH` where the field stands elsewhere.
    private init(_ labels: [String]) {
        var names: [String] = []
        var paths: [String: String] = [:]
        for label in labels {
            let parts = label.split(separator: "=").map(String.init)
            names.append(parts[0])
            paths[parts[0]] = parts.count > 1 ? parts[1] : parts[0]
        }
        self.names = names
        self.paths = paths
    }

    /// - Returns: The field's text as selectors compare it; empty for what is absent.
    package func value(_ label: String, _ object: JSONObject) -> String {
        if label == "metadata.name" { return object["metadata"]?["name"]?.stringValue ?? "" }
        if label == "metadata.namespace" { return object["metadata"]?["namespace"]?.stringValue ?? "" }
        guard let path = paths[label] else { return "" }
        if label == "source" { return Self.source(object) }
        let value = path.split(separator: ".").reduce(JSONValue?.some(.object(object))) { $0?[String($1)] }
        return Self.text(value, label)
    }

    /// An event's component; reportingController of newer events.
    private static func source(_ object: JSONObject) -> String {
        let component = object["source"]?["component"] ?? object["deprecatedSource"]?["component"]
        if let text = component?.stringValue, !text.isEmpty { return text }
        return object["reportingComponent"]?.stringValue ?? object["reportingController"]?.stringValue ?? ""
    }

    private static func text(_ value: JSONValue?, _ label: String) -> String {
        switch value {
        case .string(let text): text
        case .integer, .bool, .number: value?.description ?? ""
        case .array(let elements): elements.first?["ip"]?.stringValue ?? ""
        case .object, .null, nil: zeros[label] ?? ""
        }
    }

    /// Fields that are no texts upstream: absent they are not empty.
    private static let zeros = [
        "spec.unschedulable": "false", "spec.hostNetwork": "false", "status.replicas": "0", "status.successful": "0",
    ]

    private static let eventObject = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"]

    private static let all: [String: FieldLabels] = [
        "core/v1.Pod": FieldLabels([
            "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
            "status.phase", "status.podIP", "status.podIPs", "status.nominatedNodeName",
        ]),
        "core/v1.Event": FieldLabels(
            eventObject.map { "involvedObject.\($0)" } + ["reason", "reportingComponent", "source", "type"]),
        "events/v1.Event": FieldLabels(
            eventObject.map { "regarding.\($0)" } + ["reason", "reportingController", "type"]),
        "core/v1.Node": FieldLabels(["spec.unschedulable"]),
        "core/v1.Secret": FieldLabels(["type"]),
        "core/v1.Namespace": FieldLabels(["status.phase", "name=metadata.name"]),
        "core/v1.ReplicationController": FieldLabels(["status.replicas"]),
        "batch/v1.Job": FieldLabels(["status.successful=status.succeeded"]),
        "certificates/v1.CertificateSigningRequest": FieldLabels(["spec.signerName"]),
        "core/v1.Service": FieldLabels(["spec.clusterIP", "spec.type"]),
    ]

    /// What upstream says of a label that the kind does not have. Kinds with labels of their own say it in other words.
    package func unsupported(_ label: String, kind: String) -> String {
        if names.isEmpty {
            return "\(label.quoted) is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
        }
        return kind == "Job" ? "field label \(label.quoted) not supported for Job" : "field label not supported: \(label)"
    }
}
