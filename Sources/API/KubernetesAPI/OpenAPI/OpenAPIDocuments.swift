package import APIMachinery

/// The OpenAPI documents that clients read: `/openapi/v3` with a document for each group and version, `/openapi/v2`
/// with one for all.
///
/// They have neither descriptions nor operation ids, which the tables do not hold; kinds, fields, types, formats,
/// closed sets, and what says how lists and maps merge are complete.
package enum OpenAPIDocuments {
    /// A custom resource in one of its versions.
    package struct CustomResource: Sendable {
        package var resource: ServedResource
        /// Nil where nothing is known of its fields.
        package var openAPIV3Schema: JSONValue?

        package init(resource: ServedResource, openAPIV3Schema: JSONValue?) {
            self.resource = resource
            self.openAPIV3Schema = openAPIV3Schema
        }
    }

    /// The path of a group and version under `/openapi/v3/`: `api/v1`, `apis/apps/v1`.
    package static func path(group: String, version: String) -> String {
        String(OpenAPIPaths.base(group: group, version: version).dropFirst())
    }

    /// `/openapi/v3`.
    ///
    /// - Parameter documents: Path of each document, and what changes whenever the document does.
    package static func index(_ documents: [(path: String, hash: String)]) -> JSONValue {
        let paths = documents.sorted { $0.path < $1.path }.map { document in
            JSONObject.Member(
                key: document.path,
                value: ["serverRelativeURL": .string("/openapi/v3/\(document.path)?hash=\(document.hash)")])
        }
        return ["paths": .object(JSONObject(members: paths))]
    }

    /// The document of one group and version.
    package static func v3(
        group: String, version: String, builtIn: [ServedResource] = ServedResource.builtIn, custom: [CustomResource] = []
    ) -> JSONValue {
        var paths = OpenAPIPaths(.v3)
        for resource in custom where resource.resource.kind.isIn(group, version) {
            paths.addCustom(resource.resource.kind, openAPIV3Schema: resource.openAPIV3Schema)
        }
        for resource in builtIn + custom.map(\.resource) where resource.kind.isIn(group, version) { paths.add(resource) }
        return [
            "openapi": "3.0.0", "info": info, "paths": .object(paths.paths),
            "components": ["schemas": .object(paths.schemas.sortedDefinitions)],
        ]
    }

    /// `/openapi/v2`, of all built-in and custom resources.
    package static func v2(builtIn: [ServedResource] = ServedResource.builtIn, custom: [CustomResource] = []) -> JSONValue {
        var paths = OpenAPIPaths(.v2)
        for resource in custom { paths.addCustom(resource.resource.kind, openAPIV3Schema: resource.openAPIV3Schema) }
        for resource in builtIn + custom.map(\.resource) { paths.add(resource) }
        return [
            "swagger": "2.0", "info": info, "paths": .object(paths.paths),
            "definitions": .object(paths.schemas.sortedDefinitions),
        ]
    }

    /// `/openapi/v2` as kubectl before 1.28 asks for it.
    ///
    /// - Parameter document: What `v2` has made.
    package static func protobuf(v2 document: JSONValue) -> [UInt8] { OpenAPIProtobuf.document(document) }

    /// The media types of that form: clients ask for the first, which is none by the rules, and are answered with the
    /// second.
    package static let v2ProtobufTypes = (
        asked: "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
        answered: "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
    )

    private static let info: JSONValue = ["title": "Kubernetes", "version": "unversioned"]

    /// A document's hash, as it stands in the index: 32 hexadecimal digits of FNV-1a from both ends. It only tells
    /// documents of one server apart.
    package static func hash(of document: [UInt8]) -> String {
        func fnv(_ bytes: some Sequence<UInt8>) -> String {
            let hash = bytes.reduce(into: 0xcbf2_9ce4_8422_2325 as UInt64) { $0 = ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
            let digits = String(hash, radix: 16, uppercase: true)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
        return fnv(document) + fnv(document.reversed())
    }
}

extension GroupVersionKind {
    fileprivate func isIn(_ group: String, _ version: String) -> Bool { self.group == group && self.version == version }
}
