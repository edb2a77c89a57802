internal import APIMachinery
internal import KubernetesAPI

/// metrics.k8s.io/v1beta1: what nodes and pods use now. Nothing of it is stored: it is read from the node agents when somebody asks.
enum MetricsResources {
    static let group = "metrics.k8s.io"
    static let version = "v1beta1"

    static let all = [
        resource("NodeMetrics", plural: "nodes", isNamespaced: false), resource("PodMetrics", plural: "pods", isNamespaced: true),
    ]

    private static func resource(_ kind: String, plural: String, isNamespaced: Bool) -> ResourceDefinition {
        ResourceDefinition(
            kind: GroupVersionKind(group: group, version: version, kind: kind), plural: plural, singular: "", isNamespaced: isNamespaced,
            verbs: ["get", "list"], stored: nil)
    }
}

extension APIServer {
    /// GET of one object or of a list.
    func readMetrics(_ context: RequestContext, _ connector: any BackendConnector) async throws(Status) -> APIResponse {
        let isList = context.info.verb == "list"
        let options = try ListOptions(context.request, isWatch: false)
        let isNodes = context.resource.plural == "nodes"
        let all = isNodes ? try await nodeMetrics(options, context, connector) : try await podMetrics(options, context, connector)
        var format = try ResponseFormat.negotiated(context.request, transforms: false)
        // The kinds have no form in protobuf here; clients that prefer it take JSON as well.
        if format.encoding == .protobuf { format.encoding = .json }
        guard isList else {
            guard let found = all.first else { throw context.resource.notFound(context.info.name) }
            var object: JSONObject = [
                "kind": .string(context.resource.kind.kind), "apiVersion": .string(context.resource.kind.apiVersion),
            ]
            for member in found.members { object.append(member.key, member.value) }
            return .body(try ResponseEncoder.encode(object, format), format)
        }
        let list: JSONObject = [
            "kind": .string(context.resource.listKind), "apiVersion": .string(context.resource.kind.apiVersion),
            "metadata": .object(JSONObject()), "items": .array(all.map { .object($0) }),
        ]
        return .body(try ResponseEncoder.encode(list, format), format)
    }

    /// Those of nodes that have told something; a node that cannot be reached is left out, as by metrics-server.
    private func nodeMetrics(
        _ options: ListOptions, _ context: RequestContext, _ connector: any BackendConnector
    ) async throws(Status) -> [JSONObject] {
        let nodes = try await objects.list("nodes").filter { selects($0, options, context) }
        let usage = await nodeUsage.usage(of: nodes, connector)
        return nodes.compactMap { node in
            guard let usage = usage[node.name], let own = usage.node else { return nil }
            return metrics(of: node, usage, [("usage", own.json)])
        }
    }

    private func podMetrics(
        _ options: ListOptions, _ context: RequestContext, _ connector: any BackendConnector
    ) async throws(Status) -> [JSONObject] {
        let pods = try await objects.list("pods", namespace: context.namespace).filter { selects($0, options, context) }
        let names = Set(pods.compactMap { $0["spec"]?["nodeName"]?.stringValue })
        let nodes = try await objects.list("nodes").filter { names.contains($0.name) }
        let usage = await nodeUsage.usage(of: nodes, connector)
        return pods.compactMap { pod in
            guard let usage = usage[pod["spec"]?["nodeName"]?.stringValue ?? ""] else { return nil }
            let containers = usage.containers.filter { $0.key.namespace == pod.namespace && $0.key.pod == pod.name }
                .sorted { $0.key.container < $1.key.container }
            guard !containers.isEmpty else { return nil }
            let list = containers.map { JSONValue.object(["name": .string($0.key.container), "usage": $0.value.json]) }
            return metrics(of: pod, usage, [("containers", .array(list))])
        }
    }

    private func selects(_ object: JSONObject, _ options: ListOptions, _ context: RequestContext) -> Bool {
        if context.info.isNamed, object.name != context.info.name { return false }
        guard options.labelSelector.matches(object.labels) else { return false }
        return options.fieldSelector.matches { field in
            switch field {
            case "metadata.name": object.name
            case "metadata.namespace": object.namespace
            default: nil
            }
        }
    }

    private func metrics(of object: JSONObject, _ usage: NodeUsageWindow, _ figures: [(String, JSONValue)]) -> JSONObject {
        var metadata: JSONObject = ["name": .string(object.name)]
        if !object.namespace.isEmpty { metadata.append("namespace", .string(object.namespace)) }
        metadata.append("creationTimestamp", .string(configuration.now().truncatedToSeconds.description))
        if let labels = object["metadata"]?["labels"], labels.objectValue?.members.isEmpty == false { metadata.append("labels", labels) }
        var result: JSONObject = ["metadata": .object(metadata)]
        result.append("timestamp", .string(usage.end.truncatedToSeconds.description))
        result.append("window", .string(usage.windowText))
        for figure in figures { result.append(figure.0, figure.1) }
        return result
    }
}
