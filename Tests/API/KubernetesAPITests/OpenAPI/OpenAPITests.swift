import APIMachinery
import Testing

@testable import KubernetesAPI

@Suite struct OpenAPITests {
    static let core = OpenAPIDocuments.v3(group: "", version: "v1")
    static let all = OpenAPIDocuments.v2()

    /// Every `$ref` in a document.
    private static func references(in value: JSONValue) -> Set<String> {
        switch value {
        case .object(let object):
            object.members.reduce(into: Set()) { all, member in
                if member.key == "$ref", let reference = member.value.stringValue { all.insert(reference) }
                all.formUnion(references(in: member.value))
            }
        case .array(let items): items.reduce(into: Set()) { $0.formUnion(references(in: $1)) }
        default: []
        }
    }

    private static let versions = Set(ServedResource.builtIn.map { "\($0.kind.group) \($0.kind.version)" }).sorted()

    @Test(arguments: versions) func `every reference of every document leads somewhere`(version: String) throws {
        let parts = version.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        let document = OpenAPIDocuments.v3(group: parts[0], version: parts[1])
        let schemas = try #require(document["components"]?["schemas"]?.objectValue)
        for reference in Self.references(in: document) {
            #expect(reference.hasPrefix("#/components/schemas/"))
            #expect(schemas[String(reference.dropFirst("#/components/schemas/".count))] != nil, "\(reference)")
        }
        #expect(document["paths"]?.objectValue?.isEmpty == false)
    }

    @Test func `every reference of the one document leads somewhere`() throws {
        let definitions = try #require(Self.all["definitions"]?.objectValue)
        let names = Set(definitions.keys)
        for reference in Self.references(in: Self.all) {
            #expect(names.contains(String(reference.dropFirst("#/definitions/".count))), "\(reference)")
        }
        #expect(Self.all["swagger"] == "2.0")
    }

    /// By this kubectl finds that the server validates, instead of doing it itself.
    @Test func `every patch operation lists fieldValidation`() throws {
        var count = 0
        for resource in ServedResource.builtIn where resource.verbs.contains("patch") {
            let document = OpenAPIDocuments.v3(group: resource.kind.group, version: resource.kind.version, builtIn: [resource])
            let base = OpenAPIDocuments.path(group: resource.kind.group, version: resource.kind.version)
            let path = "/\(base)\(resource.isNamespaced ? "/namespaces/{namespace}" : "")/\(resource.plural)/{name}"
            let patch = try #require(document["paths"]?[path]?["patch"], "\(path)")
            #expect(patch["parameters"]?.arrayValue?.contains { $0["name"] == "fieldValidation" && $0["in"] == "query" } == true)
            #expect(patch["x-kubernetes-group-version-kind"]?["kind"] == .string(resource.kind.kind))
            count += 1
        }
        #expect(count > 40)
    }

    @Test func `lists say how they merge`() throws {
        let spec = Self.core["components"]?["schemas"]?["io.k8s.api.core.v1.PodSpec"]?["properties"]
        #expect(
            spec?["containers"] == [
                "type": "array", "items": ["allOf": [["$ref": "#/components/schemas/io.k8s.api.core.v1.Container"]]],
                "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                "x-kubernetes-patch-merge-key": "name", "x-kubernetes-patch-strategy": "merge",
            ])
        #expect(spec?["volumes"]?["x-kubernetes-patch-strategy"] == "merge,retainKeys")
        #expect(
            spec?["nodeSelector"] == [
                "type": "object", "additionalProperties": ["type": "string"], "x-kubernetes-map-type": "atomic",
            ])
        let port = Self.core["components"]?["schemas"]?["io.k8s.api.core.v1.ContainerPort"]?["properties"]?["protocol"]
        #expect(port?["default"] == "TCP")
    }

    @Test func `kinds are found by their schema and by their path`() throws {
        let pod = Self.core["components"]?["schemas"]?["io.k8s.api.core.v1.Pod"]
        #expect(pod?["x-kubernetes-group-version-kind"] == [["group": "", "version": "v1", "kind": "Pod"]])
        let list = Self.core["paths"]?["/api/v1/namespaces/{namespace}/pods"]?["get"]
        #expect(list?["x-kubernetes-group-version-kind"] == ["group": "", "version": "v1", "kind": "Pod"])
        #expect(list?["x-kubernetes-action"] == "list")
        #expect(
            Self.core["paths"]?["/api/v1/namespaces/{namespace}/pods/{name}/eviction"]?["post"]?["x-kubernetes-group-version-kind"]?["kind"]
                == "Eviction")
        #expect(Self.core["components"]?["schemas"]?["io.k8s.api.core.v1.PodList"]?["required"] == ["items"])
    }

    @Test func `custom resources stand beside built-in ones`() throws {
        let kind = GroupVersionKind(group: "example.com", version: "v1", kind: "Widget")
        let resource = try #require(ServedResource.builtIn.first { $0.kind.kind == "ConfigMap" }).custom(kind, "widgets")
        let schema = try JSONValue(
            parsing: #"{"type":"object","properties":{"spec":{"type":"object","properties":{"n":{"type":"integer"}}}}}"#)
        let document = OpenAPIDocuments.v3(
            group: "example.com", version: "v1", custom: [.init(resource: resource, openAPIV3Schema: schema)])
        let widget = try #require(document["components"]?["schemas"]?["com.example.v1.Widget"])
        #expect(widget["properties"]?["spec"]?["properties"]?["n"]?["type"] == "integer")
        #expect(
            widget["properties"]?["metadata"]?["allOf"]?[0]?["$ref"]
                == "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")
        #expect(document["paths"]?["/apis/example.com/v1/namespaces/{namespace}/widgets/{name}"]?["patch"] != nil)
        #expect(document["components"]?["schemas"]?["com.example.v1.WidgetList"] != nil)
    }

    /// The bytes of a tiny document, worked out by hand from gnostic's message definitions.
    @Test func `old kubectl gets the document in protobuf`() {
        let document: JSONValue = [
            "swagger": "2.0", "info": ["title": "K"],
            "definitions": ["A": ["type": "object", "x-y": [1]]],
        ]
        let schema: [UInt8] =
            [0xb2, 1, 8, 0x0a, 6] + Array("object".utf8) + [0xfa, 1, 12, 0x0a, 3] + Array("x-y".utf8)
            + [0x12, 5, 0x12, 3] + Array("[1]".utf8)
        let named: [UInt8] = [0x0a, 1, 0x41, 0x12, UInt8(schema.count)] + schema
        let expected: [UInt8] =
            [0x0a, 3] + Array("2.0".utf8) + [0x12, 3, 0x0a, 1, 0x4b] + [0x42, 0]
            + [0x4a, UInt8(named.count + 2), 0x0a, UInt8(named.count)] + named
        #expect(OpenAPIDocuments.protobuf(v2: document) == expected)
        #expect(OpenAPIDocuments.protobuf(v2: Self.all).count > 300_000)
    }

    @Test func `the index names each document with its hash`() {
        let bytes = Array("x".utf8)
        #expect(OpenAPIDocuments.hash(of: bytes).count == 32)
        #expect(OpenAPIDocuments.hash(of: bytes) != OpenAPIDocuments.hash(of: []))
        #expect(
            OpenAPIDocuments.index([("apis/apps/v1", "B"), ("api/v1", "A")]) == [
                "paths": [
                    "api/v1": ["serverRelativeURL": "/openapi/v3/api/v1?hash=A"],
                    "apis/apps/v1": ["serverRelativeURL": "/openapi/v3/apis/apps/v1?hash=B"],
                ]
            ])
    }
}

extension ServedResource {
    fileprivate func custom(_ kind: GroupVersionKind, _ plural: String) -> ServedResource {
        var resource = self
        resource.kind = kind
        resource.plural = plural
        return resource
    }
}
