package import APIMachinery

/// A list of objects as the API serves it: `PodList` for pods.
package struct ObjectList<Item: KubernetesObject>: APIStruct {
    package static var groupVersionKind: GroupVersionKind {
        var kind = Item.groupVersionKind
        kind.kind += "List"
        return kind
    }

    @Held package var metadata = ListMeta()
    package var items: [Item] = []

    package init() {}
    package static var fieldNames: [String] { ["apiVersion", "kind", "metadata", "items"] }

    package mutating func read(_ decoder: inout ObjectDecoder) {
        decoder.readTypeMeta(Self.groupVersionKind)
        decoder.readPlain("metadata", &metadata)
        decoder.readList("items", &items)
    }

    package func write(_ encoder: inout ObjectEncoder) {
        encoder.writeTypeMeta(Self.groupVersionKind)
        encoder.writeRequired("metadata", metadata)
        encoder.writeRequired("items", items)
    }
}
