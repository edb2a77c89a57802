import APIMachinery
import Testing

@testable import KubernetesAPI

/// One broken object a row, with all that is wrong with it.
@Suite struct KindValidationTests {
    private static let template = #""template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}"#
    private static let job = #""template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}"#

    private func prepared(_ apiVersion: String, _ kind: String, _ members: String) throws -> (JSONObject, any ObjectStrategy) {
        let kind = GroupVersionKind(apiVersion: apiVersion, kind: kind)
        let strategy = try #require(BuiltInStrategies.strategy(for: kind))
        let isNamespaced = ServedResource.builtIn.contains { $0.kind == kind && $0.isNamespaced }
        let metadata = isNamespaced ? #"{"name":"x","namespace":"n","uid":"u"}"# : #"{"name":"x","uid":"u"}"#
        let text = #"{"metadata":"# + metadata + (members.isEmpty ? "}" : "," + members + "}")
        var object = try strategy.canonical(try #require(try JSONValue(parsing: text).objectValue)).object
        strategy.applyDefaults(to: &object)
        strategy.prepareForCreate(&object)
        return (object, strategy)
    }

    @Test(
        arguments: [
            (
                "apps/v1", "Deployment", #""spec":{"selector":{"matchLabels":{"a":"c"}},\#(template)}"#,
                ["spec.template.metadata.labels: Invalid value: {\"a\":\"b\"}: `selector` does not match template `labels`"]
            ),
            (
                "apps/v1", "Deployment",
                #""spec":{"selector":{"matchLabels":{"a":"b"}},"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":0,"maxUnavailable":0}},\#(template)}"#,
                ["spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0"]
            ),
            (
                "apps/v1", "StatefulSet", #""spec":{"selector":{"matchLabels":{"a":"b"}},"podManagementPolicy":"Foo",\#(template)}"#,
                ["spec.podManagementPolicy: Invalid value: \"Foo\": must be 'OrderedReady' or 'Parallel'"]
            ),
            (
                "apps/v1", "DaemonSet",
                #""spec":{"selector":{"matchLabels":{"a":"b"}},"updateStrategy":{"rollingUpdate":{"maxSurge":1,"maxUnavailable":1}},\#(template)}"#,
                ["spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero"]
            ),
            (
                "batch/v1", "Job", #""spec":{"completionMode":"Indexed","parallelism":2,\#(job)}"#,
                ["spec.completions: Required value: when completion mode is Indexed"]
            ),
            (
                "batch/v1", "Job",
                #""spec":{"podFailurePolicy":{"rules":[{"action":"FailJob","onExitCodes":{"operator":"In","values":[0,2,1]}}]},\#(job)}"#,
                [
                    "spec.podFailurePolicy.rules[0].onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator",
                    "spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [0,2,1]: must be ordered",
                ]
            ),
            (
                "batch/v1", "CronJob", #""spec":{"schedule":"@daily","timeZone":"Local","jobTemplate":{"spec":{\#(job)}}}"#,
                [
                    "spec.timeZone: Invalid value: \"Local\": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
                ]
            ),
            (
                "autoscaling/v2", "HorizontalPodAutoscaler",
                #""spec":{"maxReplicas":1,"minReplicas":2,"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"d"}}"#,
                ["spec.maxReplicas: Invalid value: 1: must be greater than or equal to `minReplicas`"]
            ),
            (
                "v1", "Service", #""spec":{"ports":[{"port":80},{"port":80}]}"#,
                [
                    "spec.ports[0].name: Required value", "spec.ports[1].name: Required value",
                    #"spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,"NodePort":0}"#,
                ]
            ),
            (
                "networking.k8s.io/v1", "NetworkPolicy", #""spec":{"egress":[{"ports":[{"port":90,"endPort":80}],"to":[{}]}]}"#,
                [
                    "spec.egress[0].ports[0].endPort: Invalid value: 90: must be greater than or equal to `port`",
                    "spec.egress[0].to[0]: Required value: must specify a peer",
                ]
            ),
            (
                "networking.k8s.io/v1", "NetworkPolicy",
                #""spec":{"ingress":[{"from":[{"ipBlock":{"cidr":"10.0.0.0/8","except":["11.0.0.0/16","10.1.0.0/16"]}}]}]}"#,
                ["spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: \"11.0.0.0/16\": must be a strict subset of `cidr`"]
            ),
            (
                "v1", "ConfigMap", #""data":{"a":"1"},"binaryData":{"a":"YQ=="}"#,
                ["data[a]: Invalid value: \"a\": duplicate of key present in binaryData"]
            ),
            ("v1", "Secret", #""type":"kubernetes.io/tls""#, ["data[tls.crt]: Required value", "data[tls.key]: Required value"]),
            (
                "v1", "PersistentVolumeClaim", #""spec":{"accessModes":["ReadWriteOncePod","ReadWriteOnce"]}"#,
                [
                    "spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes",
                    "spec.resources[storage]: Required value",
                ]
            ),
            (
                "v1", "LimitRange",
                #""spec":{"limits":[{"type":"Container","min":{"cpu":"2"},"max":{"cpu":"1"},"default":{"cpu":"3"},"defaultRequest":{"cpu":"2"}}]}"#,
                [
                    #"spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1"#,
                    #"spec.limits[0].defaultRequest[cpu]: Invalid value: "2": default request value 2 is greater than max value 1"#,
                    #"spec.limits[0].default[cpu]: Invalid value: "1": default value 3 is greater than max value 1"#,
                ]
            ),
            (
                "v1", "ResourceQuota", #""spec":{"hard":{"pods":"1500m"}}"#,
                ["spec.hard[pods]: Invalid value: \"1500m\": must be an integer"]
            ),
            (
                "rbac.authorization.k8s.io/v1", "Role", #""rules":[{"verbs":["get"],"nonResourceURLs":["/x"]}]"#,
                ["rules[0].nonResourceURLs: Invalid value: [\"/x\"]: namespaced rules cannot apply to non-resource URLs"]
            ),
            (
                "scheduling.k8s.io/v1", "PriorityClass", #""value":1000000001"#,
                ["value: Forbidden: maximum allowed value of a user defined priority is 1000000000"]
            ),
            (
                "coordination.k8s.io/v1", "Lease", #""spec":{"leaseDurationSeconds":0}"#,
                ["spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0"]
            ),
            (
                "v1", "Node", #""spec":{"taints":[{"key":"a","effect":"NoExecute"},{"key":"a","effect":"NoExecute"}]}"#,
                [
                    #"metadata.taints[1]: Duplicate value: {"Key":"a","Value":"","Effect":"NoExecute","TimeAdded":null}: taints must be unique by key and effect pair"#
                ]
            ),
            (
                "discovery.k8s.io/v1", "EndpointSlice", #""addressType":"IPv4","endpoints":[{"addresses":["127.0.0.1"]}]"#,
                ["endpoints[0].addresses[0]: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128)"]
            ),
            (
                "policy/v1", "PodDisruptionBudget", #""spec":{"minAvailable":"101%"}"#,
                ["spec.minAvailable: Invalid value: \"101%\": must not be greater than 100%"]
            ),
        ] as [(String, String, String, [String])])
    func `tells all that is wrong with an object`(apiVersion: String, kind: String, members: String, errors: [String]) throws {
        let (object, strategy) = try prepared(apiVersion, kind, members)
        #expect(strategy.validate(object).map(\.description) == errors)
    }

    @Test(
        arguments: [
            (
                "v1", "ConfigMap", #""immutable":true,"data":{"a":"1"}"#, #""immutable":true,"data":{"a":"2"}"#,
                ["data: Forbidden: field is immutable when `immutable` is set"]
            ),
            ("v1", "ConfigMap", #""data":{"a":"1"}"#, #""data":{"a":"2"}"#, []),
            ("scheduling.k8s.io/v1", "PriorityClass", #""value":1"#, #""value":2"#, ["value: Forbidden: may not be changed in an update."]),
            (
                "apps/v1", "Deployment", #""spec":{"selector":{"matchLabels":{"a":"b"}},\#(template)}"#,
                #""spec":{"selector":{"matchExpressions":[{"key":"a","operator":"Exists"}]},\#(template)}"#,
                [#"spec.selector: Invalid value: {"matchExpressions":[{"key":"a","operator":"Exists"}]}: field is immutable"#]
            ),
            (
                "apps/v1", "StatefulSet", #""spec":{"serviceName":"s","selector":{"matchLabels":{"a":"b"}},\#(template)}"#,
                #""spec":{"serviceName":"t","selector":{"matchLabels":{"a":"b"}},\#(template)}"#,
                [
                    "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
                ]
            ),
            (
                "v1", "Pod", #""spec":{"containers":[{"name":"c","image":"a"}]}"#,
                #""spec":{"containers":[{"name":"c","image":"b"}],"activeDeadlineSeconds":5}"#, []
            ),
            (
                "v1", "Pod", #""spec":{"containers":[{"name":"c","image":"a"}]}"#,
                #""spec":{"containers":[{"name":"c","image":"a"},{"name":"d","image":"a"}]}"#,
                ["spec.containers: Forbidden: pod updates may not add or remove containers"]
            ),
            (
                "v1", "Service", #""spec":{"ports":[{"port":80}],"clusterIP":"10.0.0.1"}"#,
                #""spec":{"ports":[{"port":80}],"clusterIP":"10.0.0.2"}"#,
                [#"spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set"#]
            ),
        ] as [(String, String, String, String, [String])])
    func `tells what may not change`(apiVersion: String, kind: String, old: String, new: String, errors: [String]) throws {
        let (before, strategy) = try prepared(apiVersion, kind, old)
        var (object, _) = try prepared(apiVersion, kind, new)
        strategy.prepareForUpdate(&object, old: before, subresource: "")
        #expect(strategy.validateUpdate(object, old: before, subresource: "").map(\.description) == errors)
    }

    @Test func `a finalizer comes too late for an object that goes`() throws {
        var (old, strategy) = try prepared("v1", "ConfigMap", "")
        old["metadata", default: [:]]["deletionTimestamp"] = "2024-01-01T00:00:00Z"
        var new = old
        new["metadata", default: [:]]["finalizers"] = ["a.b/c"]
        #expect(
            strategy.validateUpdate(new, old: old, subresource: "").map(\.description) == [
                "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{\"a.b/c\"}"
            ])
    }
}
