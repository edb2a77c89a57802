internal import APIMachinery

/// The flow schemas and priority levels of section "API Priority and Fairness" of the Kubernetes documentation, as 1.36 has them.
enum DefaultFlowControl {
    private static let group = "flowcontrol.apiserver.k8s.io"
    private static let metadata: JSONObject = {
        var metadata = JSONObject()
        metadata["generation"] = 1
        metadata["annotations"] = ["apf.kubernetes.io/autoupdate-spec": "true"]
        return metadata
    }()

    static var objects: [BootstrapObject] { schemas.map(\.object) + levels.map(\.object) }

    // MARK: flow schemas

    private struct Schema {
        var name: Substring
        var level: String
        var precedence: Int64
        var distinguisher: String?
        var subjects: [JSONValue]
        var resourceRules: [JSONValue] = [everyResource]
        var nonResourceRules: [JSONValue] = [everyURL]

        var object: BootstrapObject {
            var result = BootstrapObject(group: group, kind: "FlowSchema", path: name, metadata: metadata)
            var spec = JSONObject()
            spec["priorityLevelConfiguration"] = ["name": .string(level)]
            spec["matchingPrecedence"] = .integer(precedence)
            if let distinguisher { spec["distinguisherMethod"] = ["type": .string(distinguisher)] }
            var rule = JSONObject()
            rule["subjects"] = .array(subjects)
            if !resourceRules.isEmpty { rule["resourceRules"] = .array(resourceRules) }
            if !nonResourceRules.isEmpty { rule["nonResourceRules"] = .array(nonResourceRules) }
            spec["rules"] = [.object(rule)]
            result.object["spec"] = .object(spec)
            let message = "This FlowSchema references the PriorityLevelConfiguration object named \(level.quoted) and it exists"
            result.object["status"] = [
                "conditions": [["type": "Dangling", "status": "False", "reason": "Found", "message": .string(message)]]
            ]
            return result
        }
    }

    private static let everyResource: JSONValue = [
        "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "clusterScope": true, "namespaces": ["*"],
    ]
    private static let everyURL: JSONValue = ["verbs": ["*"], "nonResourceURLs": ["*"]]
    private static let everybody = [group("system:unauthenticated"), group("system:authenticated")]
    private static let kubeSystemAccounts: JSONValue = [
        "kind": "ServiceAccount", "serviceAccount": ["namespace": "kube-system", "name": "*"],
    ]

    private static func group(_ name: String) -> JSONValue { ["kind": "Group", "group": ["name": .string(name)]] }
    private static func user(_ name: String) -> JSONValue { ["kind": "User", "user": ["name": .string(name)]] }

    private static func leases(_ verbs: [JSONValue]) -> JSONValue {
        ["verbs": .array(verbs), "apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "namespaces": ["*"]]
    }

    private static let schemas = [
        Schema(name: "catch-all", level: "catch-all", precedence: 10000, distinguisher: "ByUser", subjects: everybody),
        Schema(name: "exempt", level: "exempt", precedence: 1, subjects: [group("system:masters")]),
        Schema(name: "global-default", level: "global-default", precedence: 9900, distinguisher: "ByUser", subjects: everybody),
        Schema(
            name: "kube-controller-manager", level: "workload-high", precedence: 800, distinguisher: "ByNamespace",
            subjects: [user("system:kube-controller-manager")]),
        Schema(
            name: "kube-scheduler", level: "workload-high", precedence: 800, distinguisher: "ByNamespace",
            subjects: [user("system:kube-scheduler")]),
        Schema(
            name: "kube-system-service-accounts", level: "workload-high", precedence: 900, distinguisher: "ByNamespace",
            subjects: [kubeSystemAccounts]),
        Schema(
            name: "probes", level: "exempt", precedence: 2, subjects: everybody, resourceRules: [],
            nonResourceRules: [["verbs": ["get"], "nonResourceURLs": ["/healthz", "/readyz", "/livez"]]]),
        Schema(
            name: "service-accounts", level: "workload-low", precedence: 9000, distinguisher: "ByUser",
            subjects: [group("system:serviceaccounts")]),
        Schema(
            name: "system-leader-election", level: "leader-election", precedence: 100, distinguisher: "ByUser",
            subjects: [user("system:kube-controller-manager"), user("system:kube-scheduler"), kubeSystemAccounts],
            resourceRules: [leases(["get", "create", "update"])], nonResourceRules: []),
        Schema(
            name: "system-node-high", level: "node-high", precedence: 400, distinguisher: "ByUser", subjects: [group("system:nodes")],
            resourceRules: [
                ["verbs": ["*"], "apiGroups": [""], "resources": ["nodes", "nodes/status"], "clusterScope": true, "namespaces": ["*"]],
                leases(["*"]),
            ], nonResourceRules: []),
        Schema(name: "system-nodes", level: "system", precedence: 500, distinguisher: "ByUser", subjects: [group("system:nodes")]),
    ]

    // MARK: priority levels

    private struct Level {
        var name: Substring
        var shares: Int64
        var lendable: Int64
        /// Queues and hand size; nil for one that refuses instead of queuing.
        var queues: (count: Int64, hand: Int64)?
        var isExempt = false

        var object: BootstrapObject {
            var result = BootstrapObject(group: group, kind: "PriorityLevelConfiguration", path: name, metadata: metadata)
            result.object["spec"] = isExempt ? exempt : limited
            result.object["status"] = .object(JSONObject())
            return result
        }

        private var exempt: JSONValue {
            ["type": "Exempt", "exempt": ["nominalConcurrencyShares": .integer(shares), "lendablePercent": .integer(lendable)]]
        }

        private var limited: JSONValue {
            var response: JSONValue = ["type": "Reject"]
            if let queues {
                response = [
                    "type": "Queue",
                    "queuing": ["queues": .integer(queues.count), "handSize": .integer(queues.hand), "queueLengthLimit": 50],
                ]
            }
            return [
                "type": "Limited",
                "limited": [
                    "nominalConcurrencyShares": .integer(shares), "limitResponse": response, "lendablePercent": .integer(lendable),
                ],
            ]
        }
    }

    private static let levels = [
        Level(name: "catch-all", shares: 5, lendable: 0),
        Level(name: "exempt", shares: 0, lendable: 0, isExempt: true),
        Level(name: "global-default", shares: 20, lendable: 50, queues: (128, 6)),
        Level(name: "leader-election", shares: 10, lendable: 0, queues: (16, 4)),
        Level(name: "node-high", shares: 40, lendable: 25, queues: (64, 6)),
        Level(name: "system", shares: 30, lendable: 33, queues: (64, 6)),
        Level(name: "workload-high", shares: 40, lendable: 50, queues: (128, 6)),
        Level(name: "workload-low", shares: 100, lendable: 90, queues: (128, 6)),
    ]
}
