import APIMachinery
import APIServer
import Testing

@Suite struct AuditPolicyTests {
    static let text = """
        apiVersion: audit.k8s.io/v1
        kind: Policy
        omitManagedFields: true
        rules:
        - level: None
          users: ["system:kube-proxy"]
          verbs: ["watch"]
          resources:
          - group: ""
            resources: ["endpoints", "services", "services/status"]
        - level: None
          nonResourceURLs: ["/healthz*", "/version"]
        - level: Metadata
          resources:
          - group: ""
            resources: ["secrets", "configmaps"]
        - level: RequestResponse
          omitManagedFields: false
          namespaces: ["kube-system"]
        - level: Request
          resources:
          - group: "apps"
            resources: ["*/scale", "deployments"]
            resourceNames: ["web"]
        - level: Metadata
          userGroups: ["system:authenticated"]
        """

    @Test(arguments: [
        ("GET", "/api/v1/services?watch=1", "system:kube-proxy", "None"), ("GET", "/api/v1/services", "system:kube-proxy", "Metadata"),
        ("GET", "/healthz/etcd", "jane", "None"), ("GET", "/version", "jane", "None"), ("GET", "/metrics", "jane", "Metadata"),
        ("POST", "/api/v1/namespaces/kube-system/secrets", "jane", "Metadata"),
        ("POST", "/api/v1/namespaces/kube-system/pods", "jane", "RequestResponse"),
        ("PUT", "/apis/apps/v1/namespaces/d/deployments/web/scale", "jane", "Request"),
        ("PUT", "/apis/apps/v1/namespaces/d/deployments/web", "jane", "Request"),
        ("PUT", "/apis/apps/v1/namespaces/d/deployments/db", "jane", "Metadata"), ("GET", "/api/v1/pods", "", "None"),
    ])
    func `the first rule that matches decides`(method: String, target: String, user: String, level: String) throws {
        let policy = try AuditPolicy(parsing: Array(Self.text.utf8))
        var request = APIRequest(target: target)
        request.method = method
        let groups = user.isEmpty ? [] : ["system:authenticated"]
        let decision = policy.decision(RequestInfo(request), user: UserInfo(name: user, groups: groups))
        #expect(decision.level.text == level)
        #expect(decision.level == .none || decision.omitsManagedFields == (level != "RequestResponse"))
    }

    @Test(arguments: [
        ("rules: []", "apiVersion audit.k8s.io/v1 and kind Policy are expected"),
        ("apiVersion: audit.k8s.io/v1\nkind: Policy", "rules: at least one is needed"),
        (
            "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Meta}]",
            #"rules[0].level: "Meta" is none of None, Metadata, Request, RequestResponse"#
        ),
        (
            "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: None, user: [a]}]",
            "rules[0].user: there is no such field; known are level, users, userGroups, verbs, resources, namespaces, nonResourceURLs, "
                + "omitStages, omitManagedFields"
        ),
        (
            "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: None, omitStages: [Done]}]",
            #"rules[0].omitStages: "Done" is none of RequestReceived, ResponseStarted, ResponseComplete, Panic"#
        ), ("a: [1, 2\nb: 3\n", "line 2: expected ',' or ']'"),
    ])
    func `a policy that would leave things untold is refused`(text: String, message: String) {
        #expect { try AuditPolicy(parsing: Array(text.utf8)) } throws: { "\($0)" == message }
    }

    @Test func `bodies are told as objects`() throws {
        var request = APIRequest(target: "/api/v1/namespaces/d/configmaps")
        request.body = Array("metadata: {name: a, managedFields: [{manager: m}]}\ndata: {k: v}\n".utf8)
        request.headers = ["Content-Type": "application/yaml"]
        #expect(AuditContent.request(request, omitsManagedFields: true) == ["metadata": ["name": "a"], "data": ["k": "v"]])
        request.body = Array(#"[{"op":"remove","path":"/data"}]"#.utf8)
        request.headers = ["Content-Type": "application/json-patch+json"]
        #expect(AuditContent.request(request, omitsManagedFields: true) == [["op": "remove", "path": "/data"]])
        let stream = APIResponse(status: 200, body: .stream { _ in })
        #expect(AuditContent.response(stream, omitsManagedFields: false) == nil)
    }
}
