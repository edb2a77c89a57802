import APIMachinery
import KubernetesAPI
import Testing

@Suite struct PodDefaultsTests {
    private static func defaulted(_ spec: JSONValue) throws -> JSONValue {
        let json: JSONValue = ["metadata": ["name": "x"], "spec": spec]
        var pod = try #require(Pod.decode(json, options: .lenient).object)
        PodDefaults.apply(to: &pod)
        let once = pod
        PodDefaults.apply(to: &pod)
        #expect(pod == once, "defaulting twice changes nothing")
        return try #require(pod.json["spec"])
    }

    @Test func `fills in the least pod`() throws {
        #expect(
            try Self.defaulted(["containers": [["name": "c", "image": "busybox:1"]]]) == [
                "containers": [
                    [
                        "name": "c", "image": "busybox:1", "imagePullPolicy": "IfNotPresent",
                        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
                    ]
                ],
                "restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "securityContext": [:], "schedulerName": "default-scheduler",
                "terminationGracePeriodSeconds": 30, "enableServiceLinks": true,
            ])
    }

    @Test(arguments: [
        ("busybox", "Always"), ("busybox:latest", "Always"), ("busybox:1", "IfNotPresent"), ("host:5000/a/b", "Always"),
        ("host:5000/a/b:2", "IfNotPresent"), ("a@sha256:0123", "IfNotPresent"), ("a:latest@sha256:0123", "Always"),
    ])
    func `pull policy follows the tag`(image: String, policy: String) throws {
        let spec = try Self.defaulted(["containers": [["name": "c", "image": .string(image)]]])
        #expect(spec["containers"]?[0]?["imagePullPolicy"]?.stringValue == policy)
    }

    @Test func `probes, hooks, ports and environment`() throws {
        let spec = try Self.defaulted([
            "hostNetwork": true,
            "containers": [
                [
                    "name": "c", "image": "i:1", "ports": [["containerPort": 80]],
                    "livenessProbe": ["httpGet": ["port": 80], "periodSeconds": 3], "readinessProbe": ["grpc": ["port": 1]],
                    "lifecycle": ["preStop": ["httpGet": ["port": 1]]],
                    "env": [["name": "A", "valueFrom": ["fieldRef": ["fieldPath": "metadata.name"]]]],
                ]
            ],
        ])
        let container = try #require(spec["containers"]?[0])
        #expect(container["ports"] == [["containerPort": 80, "hostPort": 80, "protocol": "TCP"]])
        #expect(
            container["livenessProbe"] == [
                "httpGet": ["port": 80, "path": "/", "scheme": "HTTP"], "periodSeconds": 3, "timeoutSeconds": 1, "successThreshold": 1,
                "failureThreshold": 3,
            ])
        #expect(container["readinessProbe"]?["grpc"] == ["port": 1, "service": ""])
        #expect(container["lifecycle"]?["preStop"]?["httpGet"] == ["port": 1, "path": "/", "scheme": "HTTP"])
        #expect(container["env"]?[0]?["valueFrom"]?["fieldRef"]?["apiVersion"] == "v1")
    }

    @Test func `volumes`() throws {
        let spec = try Self.defaulted([
            "containers": [],
            "volumes": [
                ["name": "a"], ["name": "b", "hostPath": ["path": "/x"]], ["name": "c", "configMap": ["name": "m"]],
                ["name": "d", "secret": ["secretName": "s", "defaultMode": 0]],
                [
                    "name": "e",
                    "projected": [
                        "sources": [
                            ["serviceAccountToken": ["path": "t"]],
                            ["downwardAPI": ["items": [["path": "p", "fieldRef": ["fieldPath": "metadata.name"]]]]],
                        ]
                    ],
                ],
                ["name": "f", "image": ["reference": "x"]],
            ],
        ])
        #expect(
            spec["volumes"] == [
                ["name": "a", "emptyDir": [:]], ["name": "b", "hostPath": ["path": "/x", "type": ""]],
                ["name": "c", "configMap": ["name": "m", "defaultMode": 420]],
                ["name": "d", "secret": ["secretName": "s", "defaultMode": 0]],
                [
                    "name": "e",
                    "projected": [
                        "defaultMode": 420,
                        "sources": [
                            ["serviceAccountToken": ["path": "t", "expirationSeconds": 3600]],
                            ["downwardAPI": ["items": [["path": "p", "fieldRef": ["fieldPath": "metadata.name", "apiVersion": "v1"]]]]],
                        ],
                    ],
                ],
                ["name": "f", "image": ["reference": "x", "pullPolicy": "Always"]],
            ])
    }

    @Test func `requests follow limits, of containers and of the pod`() throws {
        let spec = try Self.defaulted([
            "resources": ["limits": ["cpu": "4", "memory": "1Gi"]], "terminationGracePeriodSeconds": -5, "serviceAccount": "sa",
            "containers": [
                ["name": "c", "image": "i", "resources": ["limits": ["cpu": "1", "memory": "1.5"], "requests": ["memory": "1"]]],
                ["name": "d", "image": "i", "resources": ["requests": ["cpu": "0.0001"]]],
            ],
        ])
        #expect(
            spec["containers"]?[0]?["resources"] == ["limits": ["cpu": "1", "memory": "1500m"], "requests": ["cpu": "1", "memory": "1"]])
        #expect(spec["containers"]?[1]?["resources"]?["requests"] == ["cpu": "1m"])
        #expect(spec["resources"]?["requests"] == ["cpu": "1001m", "memory": "1"])
        #expect(spec["terminationGracePeriodSeconds"] == 1)
        #expect(spec["serviceAccountName"] == "sa")
    }
}
