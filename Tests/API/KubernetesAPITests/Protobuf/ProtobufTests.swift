import APIMachinery
import Testing

@testable import KubernetesAPI

@Suite struct ProtobufTests {
    struct Body: CustomTestStringConvertible {
        let name: String
        let bytes: [UInt8]
        var testDescription: String { name }
    }

    static let bodies: [Body] = {
        var bodies = [Body(name: "a pod with every field", bytes: Base64Data(base64: RecordedPod.base64)?.bytes ?? [])]
        for part in RecordedBodies.text.split(separator: "# ") {
            guard let end = part.firstIndex(of: "\n") else { continue }
            bodies.append(Body(name: String(part[..<end]), bytes: Base64Data(base64: String(part[end...]))?.bytes ?? []))
        }
        return bodies
    }()

    @Test(arguments: bodies) func `what upstream wrote is written again byte by byte`(body: Body) throws {
        let object = try ProtobufTranscoder.json(from: body.bytes)
        let written = try #require(ProtobufTranscoder.protobuf(from: object))
        #expect(written == body.bytes, "\(JSONValue.object(object))")
        #expect(body.bytes.count > 20)
    }

    @Test func `a body reads as the JSON that upstream would send`() throws {
        let body = try #require(Self.bodies.first { $0.name == "deployments" })
        let object = try ProtobufTranscoder.json(from: body.bytes)
        #expect(
            JSONValue.object(object) == [
                "apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": ["name": "d", "labels": ["app": "d"]],
                "spec": [
                    "replicas": 2, "selector": ["matchLabels": ["app": "d"]],
                    "template": [
                        "metadata": ["labels": ["app": "d"]],
                        "spec": [
                            "containers": [
                                ["name": "nginx", "image": "nginx:1", "ports": [["containerPort": 80]], "resources": [:]]
                            ]
                        ],
                    ],
                    "strategy": [:],
                ],
                "status": [:],
            ])
        #expect(object.keys.prefix(2) == ["apiVersion", "kind"])
    }

    /// Every built-in kind that has a message of its own.
    static let kinds = Schema.builtIn.types.values.flatMap { type in
        type["metadata"] == nil || type.name == "meta/v1.Status" ? [] : type.kinds.filter { Schema.builtIn[$0]?.name == type.name }
    }.sorted { $0.description < $1.description }

    @Test func `every served kind has a protobuf encoding`() {
        #expect(Self.kinds.count > 50)
        for resource in ServedResource.builtIn where Schema.builtIn[resource.kind] != nil {
            #expect(ProtobufTranscoder.isSupported(resource.kind), "\(resource.kind)")
            #expect(ProtobufTranscoder.isSupported(resource.kind.listKind), "\(resource.kind) list")
        }
    }

    @Test(arguments: kinds) func `every field of every kind goes there and back`(kind: GroupVersionKind) throws {
        let object = try #require(SampleObjects.full(kind))
        let bytes = try #require(ProtobufTranscoder.protobuf(from: object))
        let back = try ProtobufTranscoder.json(from: bytes)
        #expect(JSONValue.object(back) == JSONValue.object(object))
        #expect(ProtobufTranscoder.protobuf(from: back) == bytes)
    }

    @Test(arguments: kinds) func `an empty object of every kind goes there and back`(kind: GroupVersionKind) throws {
        let object: JSONObject = [
            "apiVersion": .string(kind.apiVersion), "kind": .string(kind.kind), "metadata": ["name": "n"],
        ]
        let bytes = try #require(ProtobufTranscoder.protobuf(from: object))
        let back = try ProtobufTranscoder.json(from: bytes)
        #expect(back["metadata"]?["name"] == "n")
        #expect(ProtobufTranscoder.protobuf(from: back) == bytes)
    }

    @Test func `values are written even when empty, pointers are not`() throws {
        let kind = GroupVersionKind(group: "", version: "v1", kind: "ConfigMap")
        let bytes = try #require(ProtobufTranscoder.message(from: ["data": ["b": "2", "a": ""]], kind: kind))
        // metadata 1: name, generateName, namespace, selfLink, uid, resourceVersion "", generation 0, creationTimestamp zero
        let metadata: [UInt8] = [0x0a, 0, 0x12, 0, 0x1a, 0, 0x22, 0, 0x2a, 0, 0x32, 0, 0x38, 0, 0x42, 0]
        let data: [UInt8] = [0x12, 5, 0x0a, 1, 0x61, 0x12, 0, 0x12, 6, 0x0a, 1, 0x62, 0x12, 1, 0x32]
        #expect(bytes == [0x0a, UInt8(metadata.count)] + metadata + data)
    }

    @Test func `times, quantities and numbers`() throws {
        let kind = GroupVersionKind(group: "coordination.k8s.io", version: "v1", kind: "Lease")
        let object: JSONObject = [
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": ["name": "l", "creationTimestamp": "1969-12-31T23:59:59Z", "generation": -5],
            "spec": ["renewTime": "2024-01-02T03:04:05.123456Z", "leaseDurationSeconds": -1, "leaseTransitions": 0],
        ]
        let back = try ProtobufTranscoder.json(from: #require(ProtobufTranscoder.protobuf(from: object)))
        #expect(JSONValue.object(back) == .object(object))
        #expect(ProtobufTranscoder.isSupported(kind))
    }

    @Test func `lists are written item by item`() throws {
        let kind = GroupVersionKind(group: "", version: "v1", kind: "ConfigMap")
        var writer = try #require(ProtobufListWriter(itemKind: kind, metadata: ["resourceVersion": "7"]))
        writer.append(["metadata": ["name": "a"], "data": ["x": "1"]])
        writer.append(message: try #require(ProtobufTranscoder.message(from: ["metadata": ["name": "b"]], kind: kind)))
        let bytes = writer.finish()
        let list = try ProtobufTranscoder.json(from: bytes)
        #expect(
            JSONValue.object(list) == [
                "apiVersion": "v1", "kind": "ConfigMapList", "metadata": ["resourceVersion": "7"],
                "items": [["metadata": ["name": "a"], "data": ["x": "1"]], ["metadata": ["name": "b"]]],
            ])
        #expect(ProtobufTranscoder.protobuf(from: list) == bytes)
    }

    @Test func `an empty list has items`() throws {
        let kind = GroupVersionKind(group: "meta.k8s.io", version: "v1", kind: "PartialObjectMetadata")
        let writer = try #require(ProtobufListWriter(itemKind: kind, metadata: [:]))
        let list = try ProtobufTranscoder.json(from: writer.finish())
        #expect(
            JSONValue.object(list) == [
                "apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadataList", "metadata": [:], "items": [],
            ])
    }

    @Test func `watch events are framed and carry objects in their envelope`() throws {
        let object: JSONObject = ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "a"]]
        let bytes = try #require(ProtobufTranscoder.protobuf(from: object))
        let frame = ProtobufTranscoder.watchFrame(type: "ADDED", object: bytes)
        #expect(frame.prefix(4).reduce(0) { $0 << 8 | Int($1) } == frame.count - 4)
        let event = try ProtobufTranscoder.watchEvent(from: Array(frame.dropFirst(4)))
        #expect(event.type == "ADDED")
        #expect(event.object == .object(object))
    }

    @Test(arguments: [
        #"{"apiVersion":"v1","kind":"Status","metadata":{},"status":"Failure","message":"m","reason":"NotFound","details":{"name":"n","kind":"pods","causes":[{"reason":"r","message":"m","field":"f"}],"retryAfterSeconds":1},"code":404}"#,
        #"{"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":0,"preconditions":{"uid":"u"},"orphanDependents":false,"propagationPolicy":"Background","dryRun":["All"]}"#,
        #"{"apiVersion":"policy/v1","kind":"DeleteOptions","gracePeriodSeconds":5}"#,
        #"{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"p","namespace":"d"},"deleteOptions":{"gracePeriodSeconds":1}}"#,
        #"{"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"d"},"spec":{"replicas":2},"status":{"replicas":1,"selector":"a=b"}}"#,
        #"{"apiVersion":"meta.k8s.io/v1","kind":"PartialObjectMetadata","metadata":{"name":"p","finalizers":["a/b"],"managedFields":[{"manager":"m","operation":"Apply","apiVersion":"v1","time":"2024-01-01T00:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:data":{}}}]}}"#,
        #"{"apiVersion":"v1","kind":"List","metadata":{},"items":[{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}},{"apiVersion":"e.com/v1","kind":"T","x":[1,2.5,null]}]}"#,
        #"{"apiVersion":"apps/v1","kind":"ControllerRevision","metadata":{"name":"r"},"data":{"spec":{"a":[1,{"b":"c"}]}},"revision":3}"#,
        #"{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"t.e.com"},"spec":{"group":"e.com","names":{"plural":"ts","kind":"T"},"scope":"Cluster","versions":[{"name":"v1","served":true,"storage":false,"schema":{"openAPIV3Schema":{"type":"object","properties":{"a":{"items":{"type":"string"},"default":["x"]},"b":{"additionalProperties":true,"enum":["p",1,{"q":null}]},"c":{"additionalProperties":{"type":"integer","minimum":0.5,"maximum":2},"dependencies":{"x":["y"]}},"d":{"additionalProperties":false,"default":false}}}}}]},"status":{"conditions":[{"type":"Established","status":"True"}],"acceptedNames":{"plural":"","kind":""},"storedVersions":["v1"]}}"#,
    ]) func `special kinds go there and back`(text: String) throws {
        let object = try #require(try JSONValue(parsing: text).objectValue)
        let bytes = try #require(ProtobufTranscoder.protobuf(from: object))
        #expect(try JSONValue.object(ProtobufTranscoder.json(from: bytes)).serializedText(.pretty).isEmpty == false)
        #expect(try JSONValue.object(ProtobufTranscoder.json(from: bytes)) == .object(object))
    }

    @Test(arguments: ["Table", "PodMetrics", "Widget"]) func `others have none`(kind: String) {
        #expect(ProtobufTranscoder.protobuf(from: ["apiVersion": "example.com/v1", "kind": .string(kind)]) == nil)
    }

    @Test func `JSON in an envelope is taken`() throws {
        var bytes: [UInt8] = ProtobufTranscoder.magic
        let json = Array(#"{"metadata":{"name":"x"},"spec":{"any":1}}"#.utf8)
        bytes += [0x0a, 20, 0x0a, 13] + Array("example.com/v".utf8) + [0x12, 3] + Array("Wid".utf8)
        bytes += [0x12, UInt8(json.count)] + json + [0x22, 16] + Array("application/json".utf8)
        let object = try ProtobufTranscoder.json(from: bytes)
        #expect(JSONValue.object(object) == ["apiVersion": "example.com/v", "kind": "Wid", "metadata": ["name": "x"], "spec": ["any": 1]])
    }

    @Test func `unknown fields are passed over, packed numbers are taken`() throws {
        let kind = GroupVersionKind(group: "", version: "v1", kind: "ConfigMap")
        // field 100 of each wire type, then data a=b with an unknown field in the entry
        let bytes: [UInt8] =
            [0xa0, 0x06, 0xff, 0x01, 0xa1, 0x06, 1, 2, 3, 4, 5, 6, 7, 8, 0xa2, 0x06, 2, 9, 9, 0xa5, 0x06, 1, 2, 3, 4]
            + [0x12, 8, 0x0a, 1, 0x61, 0x12, 1, 0x62, 0x18, 7]
        #expect(try ProtobufTranscoder.json(fromMessage: bytes, kind: kind) == ["data": ["a": "b"]])
        let pod = GroupVersionKind(group: "", version: "v1", kind: "Pod")
        // spec 2 > securityContext 14 > supplementalGroups 4, packed: 1, 300
        let packed: [UInt8] = [0x12, 7, 0x72, 5, 0x22, 3, 1, 0xac, 2]
        #expect(
            try ProtobufTranscoder.json(fromMessage: packed, kind: pod)
                == ["spec": ["securityContext": ["supplementalGroups": [1, 300]]]])
    }

    @Test(
        arguments: [
            ([], "protobuf: at byte 0: the body must begin with \"k8s\\0\""),
            ([0x6b, 0x38, 0x73, 0x00], "protobuf: at byte 4: the kind  \u{20}has no protobuf encoding"),
            ([0x6b, 0x38, 0x73, 0x00, 0x0a, 0x05], "protobuf: at byte 6: a field is longer than what is left"),
            ([0x6b, 0x38, 0x73, 0x00, 0x0b], "protobuf: at byte 5: a field has no valid number or type"),
            ([0x6b, 0x38, 0x73, 0x00, 0x02], "protobuf: at byte 5: a field has no valid number or type"),
            ([0x6b, 0x38, 0x73, 0x00, 0x80], "protobuf: at byte 5: a field is longer than what is left"),
            (
                [0x6b, 0x38, 0x73, 0x00] + [UInt8](repeating: 0xff, count: 11),
                "protobuf: at byte 14: a number is longer than 64 bits"
            ),
            ([0x6b, 0x38, 0x73, 0x00, 0x1a, 1, 0x78], "protobuf: at byte 7: the content encoding x is not supported"),
            ([0x6b, 0x38, 0x73, 0x00, 0x22, 1, 0x78], "protobuf: at byte 7: the content type x is not supported"),
            ([0x6b, 0x38, 0x73, 0x00, 0x0a, 3, 0x0a, 1, 0xff], "protobuf: at byte 9: a text is not UTF-8"),
        ] as [([UInt8], String)]) func `malformed bytes are refused with the place`(bytes: [UInt8], message: String) throws
    {
        let error = #expect(throws: ProtobufError.self) { try ProtobufTranscoder.json(from: bytes) }
        #expect(error?.description == message)
    }

    @Test func `schemas nested without end are refused`() throws {
        // not 28 in not 28 in …
        var bytes: [UInt8] = []
        for _ in 0..<1000 {
            var nested: [UInt8] = [0xe2, 0x01]
            var count = bytes.count
            while count >= 0x80 {
                nested.append(UInt8(count & 0x7f) | 0x80)
                count >>= 7
            }
            bytes = nested + [UInt8(count)] + bytes
        }
        func wrapped(_ number: UInt8, _ inner: [UInt8]) -> [UInt8] {
            [number << 3 | 2, UInt8(inner.count & 0x7f) | 0x80, UInt8(inner.count >> 7 & 0x7f) | 0x80, UInt8(inner.count >> 14)] + inner
        }
        let spec = wrapped(7, wrapped(4, wrapped(1, bytes)))
        let kind = GroupVersionKind(group: "apiextensions.k8s.io", version: "v1", kind: "CustomResourceDefinition")
        let error = #expect(throws: ProtobufError.self) {
            try ProtobufTranscoder.json(fromMessage: wrapped(2, spec), kind: kind)
        }
        #expect(error?.reason == .tooDeep)
    }
}
