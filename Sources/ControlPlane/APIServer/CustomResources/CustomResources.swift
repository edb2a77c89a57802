internal import APIMachinery
internal import KubernetesAPI
internal import Storage
import Synchronization

/// The resources that CustomResourceDefinitions make.
final class CustomResources: Sendable {
    private let documents = Mutex<[OpenAPIDocuments.CustomResource]>([])

    init() {}

    var openAPI: [OpenAPIDocuments.CustomResource] {
        get { documents.withLock { $0 } }
        set { documents.withLock { $0 = newValue } }
    }
}

extension APIServer {
    static let definitionsPlural = "customresourcedefinitions"
    static let cleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io"

    func isDefinition(_ resource: ResourceDefinition) -> Bool {
        resource.plural == Self.definitionsPlural && resource.group == "apiextensions.k8s.io"
    }

    /// The custom resources as OpenAPI documents describe them.
    var customDocuments: [OpenAPIDocuments.CustomResource] { customResources.openAPI }

    /// Serves the custom resources whose definitions are in the store.
    func loadDefinitions() async throws(Status) {
        let definitions = try await objects.list(group: "apiextensions.k8s.io", Self.definitionsPlural)
        let made = definitions.filter { Self.isEstablished($0) }.flatMap { CustomDefinition($0).resources }
        customResources.openAPI = made.map(\.document)
        setCustomResources(made.map(\.resource))
    }

    private static func isEstablished(_ definition: JSONObject) -> Bool {
        (definition["status"]?["conditions"]?.arrayValue ?? []).contains {
            $0["type"]?.stringValue == "Established" && $0["status"]?.stringValue == "True"
        }
    }

    /// Called after every write of a definition, before it is answered: names are accepted, and what it defines is served.
    func definitionChanged(_ name: String, _ context: RequestContext) async throws(Status) {
        guard let definition = try await objects.get(group: "apiextensions.k8s.io", Self.definitionsPlural, name: name) else {
            try await loadDefinitions()
            return try await alignLocalServices(context)
        }
        let others = try await objects.list(group: "apiextensions.k8s.io", Self.definitionsPlural).filter { $0.name != name }
        let status = DefinitionStatus(definition, others: others, now: context.now).json
        if status != definition["status"] {
            var own = context
            own.caller = .system
            own.info.name = name
            let update = ObjectUpdate(name: name, subresource: "status") { old, _ throws(Status) in
                var object = old
                object["status"] = status
                return object
            }
            var quiet = update
            quiet.tracksFieldsItself = true
            _ = try await perform(quiet, &own)
        }
        if let location = CustomDefinition(definition).resources.first?.resource.stored?.location { view.forget(location) }
        try await loadDefinitions()
        try await alignLocalServices(context)
    }

    /// Deletes every object of a definition that is going, then lets it go.
    func finishDeletion(ofDefinition name: String, _ context: RequestContext) async throws(Status) {
        guard let definition = try await objects.get(group: "apiextensions.k8s.io", Self.definitionsPlural, name: name),
            definition.isBeingDeleted, definition.finalizers.contains(Self.cleanupFinalizer)
        else { return }
        let made = CustomDefinition(definition).resources.map(\.resource)
        if let resource = made.first(where: { registry.resource(kind: $0.kind) != nil }), let location = resource.stored?.location {
            // The webhook that converts them may have gone already: what nobody holds back needs none.
            let plain = CustomDefinition(definition, converts: false).resources.map(\.resource).first { $0.kind == resource.kind }
            for item in try await items(location, prefix: location.prefix) {
                var one = context
                one.caller = .system
                one.resource = item.object(location.form).finalizers.isEmpty ? plain ?? resource : resource
                one.info.namespace = String(item.namespace(resource))
                _ = try? await delete(String(item.name), DeletionOptions(), &one)
            }
            // Somebody's finalizers hold an object: the definition stays until they are gone.
            guard try await items(location, prefix: location.prefix).isEmpty else { return }
        }
        var own = context
        own.caller = .system
        var update = ObjectUpdate(name: name) { old, _ throws(Status) in
            var object = old
            object.setFinalizers(old.finalizers.filter { $0 != Self.cleanupFinalizer })
            return object
        }
        update.tracksFieldsItself = true
        _ = try await perform(update, &own)
        try await loadDefinitions()
        try await alignLocalServices(own)
    }
}
