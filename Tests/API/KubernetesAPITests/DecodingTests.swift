import APIMachinery
import KubernetesAPI
import Testing

@Suite struct DecodingTests {
    private static func problems(_ text: String, options: ObjectDecoder.Options = .init()) throws -> [String] {
        Pod.decode(try JSONValue(parsing: text), options: options).problems.map(\.description)
    }

    private static func container(_ members: String) -> String {
        #"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"},"spec":{"containers":[{"name":"c","image":"i",\#(members)}]}}"#
    }

    @Test(arguments: [
        (#""imagee":"x""#, #"spec.containers[0].imagee: unknown field: did you mean "image"?"#),
        (#""Command":["a"]"#, #"spec.containers[0].Command: unknown field: did you mean "command"?"#),
        (#""prots":[]"#, #"spec.containers[0].prots: unknown field: did you mean "ports"?"#),
        (#""zzzzzzzzz":1"#, "spec.containers[0].zzzzzzzzz: unknown field"),
        (
            #""ports":[{"containerPort":"80"}]"#,
            #"spec.containers[0].ports[0].containerPort: expected integer, got string "80": remove the quotes"#
        ),
        (#""ports":[{"containerPort":1.5}]"#, "spec.containers[0].ports[0].containerPort: expected integer, got number 1.5"),
        (
            #""ports":[{"containerPort":3000000000}]"#,
            "spec.containers[0].ports[0].containerPort: expected integer from -2147483648 to 2147483647, got integer 3000000000"
        ),
        (#""args":"a""#, #"spec.containers[0].args: expected array, got string "a""#),
        (#""args":[1]"#, "spec.containers[0].args[0]: expected string, got integer 1: put it in quotes"),
        (#""tty":"true""#, #"spec.containers[0].tty: expected boolean, got string "true": remove the quotes"#),
        (#""env":[{"name":"A","value":true}]"#, "spec.containers[0].env[0].value: expected string, got boolean true: put it in quotes"),
        (#""env":[{"value":"x"}]"#, "spec.containers[0].env[0].name: Required value"),
        (#""securityContext":[]"#, "spec.containers[0].securityContext: expected object, got array"),
        (
            #""resources":{"limits":{"cpu":"1GB"}}"#,
            #"spec.containers[0].resources.limits[cpu]: Invalid value: "1GB": quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"#
        ),
        (
            #""livenessProbe":{"tcpSocket":{"port":true}}"#,
            "spec.containers[0].livenessProbe.tcpSocket.port: expected integer or string, got boolean true"
        ),
        (
            #""imagePullPolicy":"Sometimes""#,
            #"spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never""#
        ),
    ])
    func `tells every problem with its path`(members: String, expected: String) throws {
        #expect(try Self.problems(Self.container(members)) == [expected])
    }

    @Test func `collects all problems of an object`() throws {
        let text = #"{"apiVersion":"v2","kind":"Pod","metadata":{"labels":{"a":1},"x":1},"spec":{"containers":[{"x":1},3]},"foo":1}"#
        #expect(
            try Self.problems(text) == [
                #"apiVersion: Unsupported value: "v2": supported values: "v1""#,
                "metadata.labels[a]: expected string, got integer 1: put it in quotes", "metadata.x: unknown field",
                "spec.containers[0].name: Required value", "spec.containers[0].x: unknown field",
                "spec.containers[1]: expected object, got integer 3", "foo: unknown field",
            ])
    }

    @Test func `a lenient decoder reports wrong types only`() throws {
        let text = #"{"kind":"Pod","spec":{"restartPolicy":"No","containers":[{"x":1,"image":2}]}}"#
        #expect(
            try Self.problems(text, options: .lenient) == ["spec.containers[0].image: expected string, got integer 2: put it in quotes"])
    }

    @Test func `null and the zero value of a field that is no pointer are absent`() throws {
        let json: JSONValue = [
            "metadata": ["name": "x", "creationTimestamp": nil, "labels": nil],
            "spec": ["hostNetwork": false, "hostname": "", "hostUsers": false, "priority": 0, "containers": nil, "volumes": []],
        ]
        let pod = try #require(Pod.decode(json, options: .lenient).object)
        #expect(pod.spec.hostNetwork == nil)
        #expect(pod.spec.hostname == nil)
        #expect(pod.spec.hostUsers == false)
        #expect(pod.spec.priority == 0)
        #expect(
            pod.json.serializedText()
                == #"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"},"spec":{"containers":[],"hostUsers":false,"priority":0}}"#)
    }

    @Test func `every kind of value comes back`() throws {
        let json: JSONValue = [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": [
                "annotations": ["a": "b", "c": "d"], "creationTimestamp": "2026-01-02T03:04:05Z", "finalizers": ["x/y"],
                "generation": 3, "name": "x",
                "ownerReferences": [["apiVersion": "v1", "controller": false, "kind": "K", "name": "n", "uid": "u"]],
            ],
            "spec": [
                "containers": [
                    [
                        "livenessProbe": ["httpGet": ["path": "/", "port": "http"], "periodSeconds": 5], "name": "c",
                        "ports": [["containerPort": 80, "protocol": "TCP"]],
                        "resources": ["limits": ["cpu": "500m", "memory": "1Gi"]], "securityContext": ["runAsUser": 0],
                    ]
                ],
                "volumes": [["emptyDir": [:], "name": "v"], ["configMap": ["defaultMode": 0, "name": "m"], "name": "w"]],
            ],
            "status": ["phase": "Running", "podIPs": [["ip": "10.0.0.1"]]],
        ]
        let (pod, problems) = Pod.decode(json)
        #expect(problems.isEmpty, "\(problems)")
        #expect(pod?.json == json)
        #expect(pod?.spec.containers[0].livenessProbe?.httpGet?.port == .string("http"))
        #expect(pod?.spec.containers[0].resources.limits["memory"]?.value == 1 << 30)
        #expect(pod?.spec.volumes[0].emptyDir == EmptyDirVolumeSource())
        let again = try #require(Pod.decode(try JSONValue(parsing: json.serialized())).object)
        #expect(again == pod)
        #expect(again.hashValue == pod?.hashValue)
    }

    @Test func `copies of a boxed structure are independent`() {
        var left = Container { $0.securityContext = SecurityContext { $0.runAsUser = 1 } }
        let right = left
        left.securityContext?.runAsUser = 2
        #expect(right.securityContext?.runAsUser == 1)
        #expect(left != right)
        left.securityContext?.runAsUser = 1
        #expect(left == right)
    }

    @Test func `secrets carry bytes and their text is not repeated in errors`() throws {
        let (secret, problems) = Secret.decode(["metadata": ["name": "s"], "data": ["a": "Zm9v", "b": "hunter2!"]])
        #expect(secret?.data["a"]?.bytes == Array("foo".utf8))
        #expect(problems.map(\.description) == ["data[b]: expected base64, got other text"])
    }

    @Test func `a list of objects is read and written`() {
        let json: JSONValue = [
            "apiVersion": "v1", "kind": "PodList", "metadata": ["resourceVersion": "7"],
            "items": [["metadata": ["name": "a"], "spec": ["containers": []]]],
        ]
        var decoder = ObjectDecoder()
        let list = ObjectList<Pod>.decode(json, &decoder)
        #expect(decoder.problems.isEmpty, "\(decoder.problems)")
        #expect(list?.items.first?.metadata.name == "a")
        #expect(list?.metadata.resourceVersion == "7")
        #expect(list?.json["kind"] == "PodList")
    }
}
