package import APIMachinery

/// An object of any kind, of which only the metadata is wanted (meta.k8s.io/v1 PartialObjectMetadata).
package struct PartialObjectMetadata: KubernetesObject {
    package static let groupVersionKind = GroupVersionKind(group: "meta.k8s.io", version: "v1", kind: "PartialObjectMetadata")
    /// What a request says to be answered with metadata alone.
    package static let accept =
        "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
    /// The same for a list, which has a form of its own.
    package static let listAccept =
        "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"

    package var metadata = ObjectMeta()

    package init() {}
    package static var fieldNames: [String] { ["apiVersion", "kind", "metadata"] }

    package mutating func read(_ decoder: inout ObjectDecoder) { decoder.readPlain("metadata", &metadata) }

    package func write(_ encoder: inout ObjectEncoder) {
        encoder.writeTypeMeta(Self.groupVersionKind)
        encoder.writeRequired("metadata", metadata)
    }
}
