internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// The scale subresource of whatever an autoscaler names.
struct ScaleTargets: Sendable {
    struct Scale: Sendable {
        var path: String
        /// autoscaling/v1 Scale.
        var object: JSONValue

        var replicas: Int { Int(object["spec"]?["replicas"]?.integerValue ?? 0) }
        var selector: String { object["status"]?["selector"]?.stringValue ?? "" }
    }
    let client: Client

    func scale(of autoscaler: HorizontalPodAutoscaler) async throws -> Scale {
        let target = autoscaler.spec.scaleTargetRef
        let kind = GroupVersionKind(apiVersion: target.apiVersion ?? "", kind: target.kind)
        let all = try await client.discoverResources()
        guard let resource = all.first(where: { $0.kind.group == kind.group && $0.kind.kind == kind.kind }) else {
            throw ScaleError("no matches for kind \(kind.kind.quoted) in group \(kind.group.quoted)")
        }
        let path = resource.path.path(namespace: autoscaler.metadata.namespace, name: target.name, subresource: "scale")
        return Scale(path: path, object: try await client.object(APIRequest(path: path)))
    }

    func set(_ replicas: Int, _ scale: Scale) async throws(ClientError) {
        var object = scale.object
        var spec = object["spec"] ?? .object(JSONObject())
        spec["replicas"] = .integer(Int64(replicas))
        object["spec"] = spec
        var request = APIRequest(method: "PUT", path: scale.path)
        request.headers["Content-Type"] = "application/json"
        request.body = object.serialized(.compact)
        _ = try await client.object(request)
    }
}
