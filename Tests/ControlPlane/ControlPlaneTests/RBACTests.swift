import APIMachinery
@testable import APIServer
@testable import ControlPlane
import Glibc
import Storage
import Testing

/// A store with the objects of the beginning, and what is decided over it.
struct Cluster {
    let storage = MemoryStorage()
    let rbac: RBACAuthorizer
    let chain: AuthorizerChain
    let check: EscalationCheck

    init() async throws {
        try await Bootstrapper(storage: storage, now: .now()).makeMissing(DefaultObjects.namespaces + DefaultRBAC.objects)
        rbac = try await RBACAuthorizer(storage: storage)
        chain = AuthorizerChain([MastersAuthorizer(), try await NodeAuthorizer(storage: storage), rbac])
        check = EscalationCheck(rbac: rbac, authorizer: chain)
    }

    func put(_ group: String, _ plural: String, _ path: String, _ json: JSONValue) async throws {
        _ = try await storage.put("/registry/\(group)/\(plural)/\(path)", json.serialized(), if: .any, expiresAfter: nil)
    }

    func bind(_ name: String, namespace: String, role: String, kind: String = "ClusterRole", user: String) async throws {
        try await put(
            "rbac.authorization.k8s.io", "rolebindings", "\(namespace)/\(name)",
            [
                "metadata": ["name": .string(name), "namespace": .string(namespace)],
                "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": .string(kind), "name": .string(role)],
                "subjects": [["kind": "User", "name": .string(user)]],
            ])
    }

    func may(
        _ user: UserInfo, _ verb: String, _ resource: String, group: String = "", in namespace: String = "", name: String = "",
        selector: String? = nil
    ) throws -> Bool {
        let parts = resource.split(separator: "/")
        return chain.authorize(
            RequestAttributes(
                user: user, verb: verb,
                resource: .init(
                    group: group, resource: String(parts[0]), subresource: parts.count > 1 ? String(parts[1]) : "", namespace: namespace,
                    name: name, fieldSelector: try selector.map { try FieldSelector(parsing: $0) }))
        ).isAllowed
    }
}

@Suite struct RBACTests {
    let admin = UserInfo(name: "root", groups: ["system:masters", "system:authenticated"])
    let jane = UserInfo(name: "jane", groups: ["system:authenticated"])

    @Test func `the default roles give what they are known for`() async throws {
        let cluster = try await Cluster()
        #expect(try cluster.may(admin, "delete", "secrets", in: "kube-system", name: "x"))
        #expect(try !cluster.may(jane, "get", "pods", in: "default", name: "x"))
        #expect(try cluster.may(jane, "create", "selfsubjectaccessreviews", group: "authorization.k8s.io"))
        #expect(try cluster.may(UserInfo(name: "system:kube-scheduler"), "create", "pods/binding", in: "a", name: "x"))
        #expect(
            try cluster.may(
                UserInfo(name: "system:serviceaccount:kube-system:deployment-controller"), "create", "replicasets", group: "apps", in: "a"))
        let anonymous = UserInfo(name: "system:anonymous", groups: ["system:unauthenticated"])
        func isOpen(_ path: String) -> Bool {
            cluster.chain.authorize(RequestAttributes(user: anonymous, verb: "get", path: path)).isAllowed
        }
        #expect(["/healthz", "/livez", "/readyz", "/version"].allSatisfy(isOpen))
        #expect(!["/api", "/apis", "/metrics", "/openapi/v2", "/"].contains(where: isOpen))
    }

    @Test func `a binding in a namespace gives an aggregated role there, at once, and nowhere else`() async throws {
        let cluster = try await Cluster()
        try await cluster.bind("viewers", namespace: "a", role: "view", user: "jane")
        #expect(try cluster.may(jane, "list", "pods", in: "a"))
        #expect(try cluster.may(jane, "watch", "deployments", group: "apps", in: "a"))
        #expect(try !cluster.may(jane, "list", "secrets", in: "a"))
        #expect(try !cluster.may(jane, "list", "pods", in: "b"))
        #expect(try !cluster.may(jane, "list", "pods"))
        _ = try await cluster.storage.delete("/registry/rbac.authorization.k8s.io/rolebindings/a/viewers", if: .present)
        #expect(try !cluster.may(jane, "list", "pods", in: "a"))
    }

    @Test func `a new role that is labelled for it joins the aggregated ones`() async throws {
        let cluster = try await Cluster()
        try await cluster.bind("viewers", namespace: "a", role: "view", user: "jane")
        try await cluster.put(
            "rbac.authorization.k8s.io", "clusterroles", "see-widgets",
            [
                "metadata": ["name": "see-widgets", "labels": ["rbac.authorization.k8s.io/aggregate-to-view": "true"]],
                "rules": [["verbs": ["get"], "apiGroups": ["example.com"], "resources": ["widgets"]]],
            ])
        #expect(try cluster.may(jane, "get", "widgets", group: "example.com", in: "a", name: "w"))
        await RoleAggregation(rbac: cluster.rbac, storage: cluster.storage).reconcile()
        let view = try #require(try await cluster.storage.get("/registry/rbac.authorization.k8s.io/clusterroles/view", at: nil))
        #expect(String(decoding: view.value, as: UTF8.self).contains("widgets"))
    }

    @Test func `a binding to a role that is not there says so`() async throws {
        let cluster = try await Cluster()
        try await cluster.bind("x", namespace: "a", role: "nope", kind: "Role", user: "jane")
        let decision = cluster.rbac.authorize(
            RequestAttributes(user: jane, verb: "get", resource: .init(group: "", resource: "pods", namespace: "a")))
        #expect(decision == .noOpinion(reason: "RBAC: role.rbac.authorization.k8s.io \"nope\" not found"))
    }

    @Test func `the reason names binding, role and subject`() async throws {
        let cluster = try await Cluster()
        try await cluster.bind("viewers", namespace: "a", role: "view", user: "jane")
        let decision = cluster.rbac.authorize(
            RequestAttributes(user: jane, verb: "get", resource: .init(group: "", resource: "pods", namespace: "a")))
        #expect(decision == .allowed(reason: "RBAC: allowed by RoleBinding \"viewers/a\" of ClusterRole \"view\" to User \"jane\""))
    }

    // MARK: escalation

    func role(_ verbs: [String], _ resource: String) -> JSONValue {
        [
            "metadata": ["name": "r", "namespace": "a"],
            "rules": [["verbs": .array(verbs.map { .string($0) }), "apiGroups": [""], "resources": [.string(resource)]]],
        ]
    }

    @Test func `nobody writes a role with more than he has`() async throws {
        let cluster = try await Cluster()
        try await cluster.bind("x", namespace: "a", role: "view", user: "jane")
        try cluster.check.checkEscalation(resource: "roles", namespace: "a", object: role(["get"], "pods"), old: nil, by: jane)
        let error = #expect(throws: Status.self) {
            try cluster.check.checkEscalation(
                resource: "roles", namespace: "a", object: role(["get", "delete"], "pods"), old: nil, by: jane)
        }
        #expect(
            error?.message == """
                roles.rbac.authorization.k8s.io "r" is forbidden: user "jane" (groups=["system:authenticated"]) is attempting to grant RBAC \
                permissions not currently held:
                {APIGroups:[""], Resources:["pods"], Verbs:["delete"]}
                """)
        // What is there already may stay, and the masters may do everything.
        let old = role(["delete"], "pods")
        try cluster.check.checkEscalation(resource: "roles", namespace: "a", object: old, old: old, by: jane)
        try cluster.check.checkEscalation(resource: "roles", namespace: "a", object: old, old: nil, by: admin)
    }

    @Test func `nobody binds a role with more than he has, unless he may bind it`() async throws {
        let cluster = try await Cluster()
        try await cluster.bind("x", namespace: "a", role: "view", user: "jane")
        func binding(_ role: String) -> JSONValue {
            [
                "metadata": ["name": "b", "namespace": "a"], "subjects": [["kind": "User", "name": "eve"]],
                "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": .string(role)],
            ]
        }
        func bind(_ role: String) throws {
            try cluster.check.checkEscalation(resource: "rolebindings", namespace: "a", object: binding(role), old: nil, by: jane)
        }
        try bind("view")
        #expect(throws: Status.self) { try bind("cluster-admin") }
        #expect(throws: Status.self) { try bind("nope") }
        try await cluster.put(
            "rbac.authorization.k8s.io", "roles", "a/binder",
            [
                "metadata": ["name": "binder", "namespace": "a"],
                "rules": [
                    [
                        "verbs": ["bind"], "apiGroups": ["rbac.authorization.k8s.io"], "resources": ["clusterroles"],
                        "resourceNames": ["cluster-admin"],
                    ]
                ],
            ])
        try await cluster.bind("y", namespace: "a", role: "binder", kind: "Role", user: "jane")
        try bind("cluster-admin")
    }

    // MARK: nodes

    @Test func `a node reaches what its own pods need and nothing of others`() async throws {
        let cluster = try await Cluster()
        func pod(_ name: String, node: String, secret: String) async throws {
            try await cluster.put(
                "core", "pods", "a/\(name)",
                [
                    "metadata": ["name": .string(name), "namespace": "a", "uid": .string(name)],
                    "spec": [
                        "nodeName": .string(node), "serviceAccountName": .string("sa-\(name)"),
                        "volumes": [
                            ["name": "s", "secret": ["secretName": .string(secret)]],
                            ["name": "p", "projected": ["sources": [["configMap": ["name": "kube-root-ca.crt"]]]]],
                            ["name": "d", "persistentVolumeClaim": ["claimName": .string("claim-\(name)")]],
                        ],
                        "containers": [
                            ["name": "c", "env": [["name": "E", "valueFrom": ["secretKeyRef": ["name": "env-\(name)", "key": "k"]]]]]
                        ],
                    ],
                ] as JSONValue)
        }
        try await pod("mine", node: "n1", secret: "s1")
        try await pod("other", node: "n2", secret: "s2")
        try await cluster.put(
            "core", "persistentvolumes", "pv1",
            ["metadata": ["name": "pv1"], "spec": ["claimRef": ["namespace": "a", "name": "claim-mine"]]])
        let node = UserInfo(name: "system:node:n1", groups: ["system:nodes", "system:authenticated"])
        #expect(try cluster.may(node, "get", "secrets", in: "a", name: "s1"))
        #expect(try cluster.may(node, "get", "secrets", in: "a", name: "env-mine"))
        #expect(try !cluster.may(node, "get", "secrets", in: "a", name: "s2"))
        #expect(try !cluster.may(node, "get", "secrets", in: "b", name: "s1"))
        #expect(try !cluster.may(node, "list", "secrets", in: "a"))
        #expect(try !cluster.may(node, "update", "secrets", in: "a", name: "s1"))
        #expect(try cluster.may(node, "get", "configmaps", in: "a", name: "kube-root-ca.crt"))
        #expect(try cluster.may(node, "get", "persistentvolumeclaims", in: "a", name: "claim-mine"))
        #expect(try cluster.may(node, "get", "persistentvolumes", name: "pv1"))
        #expect(try cluster.may(node, "create", "serviceaccounts/token", in: "a", name: "sa-mine"))
        #expect(try !cluster.may(node, "create", "serviceaccounts/token", in: "a", name: "sa-other"))
        #expect(try cluster.may(node, "watch", "pods", selector: "spec.nodeName=n1"))
        // Its agent sees to network policies too, which ask who the pods of other nodes are (ClusterRole swiftlet:node-network).
        #expect(try cluster.may(node, "watch", "pods"))
        #expect(try !cluster.may(node, "deletecollection", "pods"))
        #expect(try !cluster.may(node, "watch", "secrets"))
        #expect(try cluster.may(node, "patch", "nodes/status", name: "n1"))
        #expect(try !cluster.may(node, "patch", "nodes/status", name: "n2"))
        #expect(try cluster.may(node, "update", "leases", group: "coordination.k8s.io", in: "kube-node-lease", name: "n1"))
        #expect(try !cluster.may(node, "update", "leases", group: "coordination.k8s.io", in: "kube-node-lease", name: "n2"))
        #expect(try cluster.may(node, "create", "events", in: "a"))
        // A user who only calls himself so is none.
        #expect(try !cluster.may(UserInfo(name: "system:node:n1"), "get", "secrets", in: "a", name: "s1"))
        _ = try await cluster.storage.delete("/registry/core/pods/a/mine", if: .present)
        #expect(try !cluster.may(node, "get", "secrets", in: "a", name: "s1"))
    }

    // MARK: what was recorded of the real server

    @Test(.enabled(if: getenv("SWIFTLET_RECORDED") != nil, "SWIFTLET_RECORDED names no folder of recorded answers"))
    func `the objects of the beginning are those of the real server`() throws {
        let folder = try #require(unsafe getenv("SWIFTLET_RECORDED").map { unsafe String(cString: $0) })
        let recorded = try JSONValue(parsing: try #require(try SecretFile.read("\(folder)/bootstrap.json")))
        let made =
            DefaultRBAC.objects + DefaultObjects.namespaces + DefaultObjects.priorityClasses + DefaultFlowControl.objects
            + DefaultObjects.apiServices
        let plurals = [
            "ClusterRole": "clusterroles", "Role": "roles", "ClusterRoleBinding": "clusterrolebindings", "RoleBinding": "rolebindings",
            "Namespace": "namespaces", "PriorityClass": "priorityclasses", "FlowSchema": "flowschemas",
            "PriorityLevelConfiguration": "prioritylevelconfigurations", "APIService": "apiservices",
        ]
        for (kind, plural) in plurals {
            let own = Dictionary(
                uniqueKeysWithValues: made.filter { $0.kind == kind }.map { ("\($0.namespace)/\($0.name)", JSONValue.object($0.object)) })
            let theirs = Dictionary(
                uniqueKeysWithValues: (recorded[plural]?.arrayValue ?? []).map {
                    ("\($0["metadata"]?["namespace"]?.stringValue ?? "")/\($0["metadata"]?["name"]?.stringValue ?? "")", $0)
                })
            #expect(!theirs.isEmpty)
            // Dynamic resource allocation is not served yet.
            for (name, object) in theirs where name != "/v1.resource.k8s.io" { #expect(own[name] == object, "\(kind) \(name)") }
            #expect(Set(own.keys).subtracting(theirs.keys).isEmpty)
        }
    }
}
