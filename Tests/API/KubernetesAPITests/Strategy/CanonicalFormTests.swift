import APIMachinery
import Testing

@testable import KubernetesAPI

private func strategy(_ apiVersion: String, _ kind: String) throws -> any ObjectStrategy {
    try #require(BuiltInStrategies.strategy(for: GroupVersionKind(apiVersion: apiVersion, kind: kind)))
}

private func object(_ text: String) throws -> JSONObject { try #require(try JSONValue(parsing: text).objectValue) }

@Suite struct CanonicalFormTests {
    @Test func `members come in the type's order, amounts and times in their one form, nulls and zeros go`() throws {
        let given = try object(
            #"{"spec":{"hostNetwork":false,"containers":[{"image":"a","name":"c","resources":{"limits":{"memory":"1024Mi","cpu":0.5}},"args":null}]},"kind":"Pod","apiVersion":"v1","metadata":{"creationTimestamp":"2024-01-02T03:04:05+01:00","labels":{"b":"2","a":null}}}"#
        )
        let result = try strategy("v1", "Pod").canonical(given)
        let text = JSONValue.object(result.object).serializedText(.compact)
        #expect(
            text
                == #"{"kind":"Pod","apiVersion":"v1","metadata":{"creationTimestamp":"2024-01-02T02:04:05Z","labels":{"a":"","b":"2"}},"spec":{"containers":[{"name":"c","image":"a","resources":{"limits":{"cpu":"500m","memory":"1Gi"}}}]},"status":{}}"#
        )
        #expect(result.unknownFields.isEmpty)
    }

    @Test func `canonical objects stay as they are`() throws {
        let strategy = try strategy("apps/v1", "Deployment")
        var once = try strategy.canonical(object(#"{"metadata":{"name":"d"},"spec":{"template":{}}}"#)).object
        strategy.applyDefaults(to: &once)
        var twice = try strategy.canonical(once).object
        strategy.applyDefaults(to: &twice)
        #expect(JSONValue.object(once).serializedText(.compact) == JSONValue.object(twice).serializedText(.compact))
    }

    @Test(arguments: [
        (#"{"spec":{"replicas":"1"}}"#, "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"),
        (
            #"{"spec":{"replicas":1.0}}"#,
            "json: cannot unmarshal number 1.0 into Go struct field DeploymentSpec.spec.replicas of type int32"
        ),
        (#"{"metadata":[]}"#, "json: cannot unmarshal array into Go struct field Deployment.metadata of type v1.ObjectMeta"),
        (
            #"{"spec":{"template":{"spec":{"containers":[{"livenessProbe":{"tcpSocket":{"port":true}}}]}}}}"#,
            "json: cannot unmarshal bool into Go struct field TCPSocketAction.spec.template.spec.containers.livenessProbe.ProbeHandler.tcpSocket.port of type int32"
        ),
        (
            #"{"spec":{"replicas":"1","paused":1}}"#,
            "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"
        ),
    ])
    func `a wrong type is told in Go's words`(text: String, message: String) throws {
        let strategy = try strategy("apps/v1", "Deployment")
        #expect(throws: DecodingFailure(message: message)) { try strategy.canonical(object(text)) }
    }

    @Test func `unknown members are named with their paths, in the object's order`() throws {
        let given = try object(
            #"{"metadata":{"labelz":{}},"spec":{"template":{"spec":{"containers":[{"imagee":1}]}},"replicaz":1},"foo":1}"#)
        let result = try strategy("apps/v1", "Deployment").canonical(given)
        #expect(
            result.unknownFields == [
                #"unknown field "metadata.labelz""#, #"unknown field "spec.template.spec.containers[0].imagee""#,
                #"unknown field "spec.replicaz""#, #"unknown field "foo""#,
            ])
    }

    @Test func `duplicate members are named with their paths`() {
        let text = #"{"metadata":{"name":"a","name":"b"},"data":{"a":"1","a":"2"},"list":[{"x":1},{"x":1,"x":2}],"data":{}}"#
        #expect(
            DuplicateFields.texts(in: Array(text.utf8)) == [
                #"duplicate field "metadata.name""#, #"duplicate field "data.a""#, #"duplicate field "list[1].x""#,
                #"duplicate field "data""#,
            ])
        #expect(DuplicateFields.texts(in: Array(#"{"a":{"b":1},"c":{"b":"}\""}}"#.utf8)).isEmpty)
    }

    @Test(arguments: [("YQ==", nil), ("YQ", 2), ("Y", 0), ("a b=", 1), ("", nil), ("YWJj", nil)] as [(String, Int?)])
    func `the byte is named where base64 ends to be base64`(text: String, byte: Int?) throws {
        let strategy = try strategy("v1", "Secret")
        let secret = JSONObject(members: [.init(key: "data", value: ["k": .string(text)])])
        if let byte {
            // Go counts from the last whole group where the text ends too early.
            let failure = #expect(throws: DecodingFailure.self) { try strategy.canonical(secret) }
            #expect(failure?.message.hasPrefix("illegal base64 data at input byte") == true, "\(byte)")
        } else {
            #expect(throws: Never.self) { try strategy.canonical(secret) }
        }
    }
}

@Suite struct StrategyTests {
    private func prepared(_ apiVersion: String, _ kind: String, _ text: String) throws -> JSONObject {
        let strategy = try strategy(apiVersion, kind)
        var new = try strategy.canonical(object(text)).object
        strategy.applyDefaults(to: &new)
        strategy.prepareForCreate(&new)
        return new
    }

    @Test func `every stored kind has a strategy whose empty object can be canonicalised`() throws {
        for resource in ServedResource.builtIn where resource.verbs.contains("list") {
            guard !resource.kind.version.contains("beta"), resource.kind.kind != "ComponentStatus" else { continue }
            let strategy = try #require(BuiltInStrategies.strategy(for: resource.kind), "\(resource.kind)")
            var object = try strategy.canonical(JSONObject()).object
            strategy.applyDefaults(to: &object)
            strategy.prepareForCreate(&object)
            #expect(!strategy.validate(object).isEmpty, "\(resource.kind) has no name")
            #expect(strategy.cells(of: object, now: TableClock(.now())).count == strategy.columns.count, "\(resource.kind)")
        }
    }

    @Test func `an author's status is dropped, and a node's is kept`() throws {
        let pod = try prepared("v1", "Pod", #"{"status":{"phase":"Running","podIP":"1.2.3.4"},"spec":{"containers":[]}}"#)
        #expect(pod["status"] == ["phase": "Pending", "qosClass": "BestEffort"])
        let node = try prepared("v1", "Node", #"{"status":{"phase":"Running","nodeInfo":{"machineID":"m"}}}"#)
        #expect(node["status"]?["nodeInfo"]?["machineID"] == "m")
    }

    @Test(arguments: [
        (#"{"requests":{"cpu":"1","memory":"1Gi"},"limits":{"cpu":"1","memory":"1Gi"}}"#, "Guaranteed"),
        (#"{"limits":{"cpu":"1","memory":"1Gi"}}"#, "Guaranteed"), (#"{"requests":{"cpu":"1"}}"#, "Burstable"),
        (#"{"limits":{"cpu":"1"}}"#, "Burstable"), (#"{"limits":{"example.com/x":"1"}}"#, "BestEffort"), ("{}", "BestEffort"),
    ])
    func `a pod's quality of service follows its resources`(resources: String, quality: String) throws {
        let pod = try prepared("v1", "Pod", #"{"spec":{"containers":[{"name":"c","resources":"# + resources + "}]}}")
        #expect(pod["status"]?["qosClass"] == .string(quality))
    }

    @Test func `the generation grows with the spec, and not with the status or by the author's hand`() throws {
        let strategy = try strategy("apps/v1", "Deployment")
        let old = try prepared("apps/v1", "Deployment", #"{"metadata":{"name":"d"},"spec":{"template":{}}}"#)
        #expect(old["metadata"]?["generation"] == 1)
        var same = old
        same["metadata", default: [:]]["generation"] = 9
        strategy.prepareForUpdate(&same, old: old, subresource: "")
        #expect(same["metadata"]?["generation"] == 1)
        var scaled = old
        scaled["spec", default: [:]]["replicas"] = 5
        scaled["status", default: [:]]["replicas"] = 5
        strategy.prepareForUpdate(&scaled, old: old, subresource: "")
        #expect(scaled["metadata"]?["generation"] == 2)
        #expect(scaled["status"] == old["status"])
        var status = old
        status["spec", default: [:]]["replicas"] = 7
        status["status", default: [:]]["replicas"] = 7
        strategy.prepareForUpdate(&status, old: old, subresource: "status")
        #expect(status["spec"] == old["spec"])
        #expect(status["status"]?["replicas"] == 7)
        #expect(status["metadata"]?["generation"] == 1)
    }

    @Test func `events and autoscalers keep everything on the way to the other version and back`() throws {
        let event = try object(
            #"{"kind":"Event","apiVersion":"v1","involvedObject":{"kind":"Pod"},"message":"m","count":2,"reportingComponent":"c"}"#)
        let (core, new) = (
            GroupVersionKind(apiVersion: "v1", kind: "Event"), GroupVersionKind(apiVersion: "events.k8s.io/v1", kind: "Event")
        )
        let converted = VersionConversion.convert(event, from: core, to: new)
        #expect(converted["note"] == "m" && converted["regarding"]?["kind"] == "Pod" && converted["deprecatedCount"] == 2)
        #expect(VersionConversion.convert(converted, from: new, to: core) == event)

        let (v1, v2) = (
            GroupVersionKind(apiVersion: "autoscaling/v1", kind: "HorizontalPodAutoscaler"),
            GroupVersionKind(apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler")
        )
        let autoscaler = try object(
            #"{"kind":"HorizontalPodAutoscaler","apiVersion":"autoscaling/v2","metadata":{"name":"h"},"spec":{"maxReplicas":3,"metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":80}}},{"type":"Resource","resource":{"name":"memory","target":{"type":"AverageValue","averageValue":"1Gi"}}}],"behavior":{"scaleUp":{"selectPolicy":"Max"}}},"status":{"desiredReplicas":1,"currentReplicas":1,"currentMetrics":null}}"#
        )
        let old = VersionConversion.convert(autoscaler, from: v2, to: v1)
        #expect(old["spec"]?["targetCPUUtilizationPercentage"] == 80)
        #expect(old["spec"]?["metrics"] == nil)
        #expect(VersionConversion.convert(old, from: v1, to: v2) == autoscaler)
    }

    @Test func `field labels give texts, and zeros where fields are no texts`() throws {
        let pod = try object(#"{"metadata":{"name":"p"},"spec":{"nodeName":"n"},"status":{"podIPs":[{"ip":"10.0.0.1"}]}}"#)
        let labels = FieldLabels.of("core/v1.Pod")
        #expect(labels.value("spec.nodeName", pod) == "n")
        #expect(labels.value("spec.hostNetwork", pod) == "false")
        #expect(labels.value("status.phase", pod) == "")
        #expect(labels.value("status.podIPs", pod) == "10.0.0.1")
        #expect(labels.value("metadata.name", pod) == "p")
        #expect(FieldLabels.of("batch/v1.Job").value("status.successful", try object(#"{"status":{"succeeded":3}}"#)) == "3")
        #expect(FieldLabels.of("core/v1.Event").value("source", try object(#"{"source":{},"reportingComponent":"r"}"#)) == "r")
    }
}
