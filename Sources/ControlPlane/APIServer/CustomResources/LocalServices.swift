internal import APIMachinery
internal import KubernetesAPI

extension APIServer {
    /// Keeps an APIService for every group version that a CustomResourceDefinition defines: clients look there for what is available.
    ///
    /// Those of the built-in kinds are among the objects that a cluster begins with.
    func alignLocalServices(_ context: RequestContext) async throws(Status) {
        guard let resource = registry.resource(group: LocalService.group, version: "v1", plural: "apiservices") else { return }
        let wanted = Set(registry.resources.filter(\.isCustom).map { LocalService(group: $0.group, version: $0.version) })
        let present = try await objects.list(group: LocalService.group, "apiservices")
        var own = context
        own.caller = .system
        own.resource = resource
        own.info.namespace = ""
        own.info.subresource = ""
        for service in wanted.sorted(by: { $0.name < $1.name }) where !present.contains(where: { $0.name == service.name }) {
            var one = own
            one.info.name = service.name
            do throws(Status) {
                _ = try await create(service.object, &one, WriteOptions())
            } catch  where error.reason == .alreadyExists {
                continue
            }
        }
        let names = Set(wanted.map(\.name))
        for object in present where object.labels[LocalService.label] == "true" && !names.contains(object.name) {
            var one = own
            one.info.name = object.name
            do throws(Status) {
                _ = try await delete(object.name, DeletionOptions(), &one)
            } catch  where error.reason == .notFound {
                continue
            }
        }
    }
}

/// A group version that this server has by itself, as the aggregation layer shows it.
private struct LocalService: Hashable {
    static let group = "apiregistration.k8s.io"
    /// `onstart` for built-in kinds, `true` for those that come and go with definitions.
    static let label = "kube-aggregator.kubernetes.io/automanaged"

    var group: String
    var version: String

    var name: String { "\(version).\(group)" }

    var object: JSONObject {
        [
            "kind": "APIService", "apiVersion": "apiregistration.k8s.io/v1",
            "metadata": ["name": .string(name), "labels": [Self.label: "true"]],
            "spec": [
                "group": .string(group), "version": .string(version), "groupPriorityMinimum": 1000, "versionPriority": 100,
            ],
        ]
    }
}
