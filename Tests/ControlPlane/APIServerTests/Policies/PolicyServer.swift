import APIMachinery
@testable import APIServer
import Testing

/// A server with policies.
struct PolicyServer {
    static let group = "/apis/admissionregistration.k8s.io/v1"
    static let maps = "/api/v1/namespaces/default/configmaps"
    static let merge: HTTPHeaders = ["Content-Type": "application/merge-patch+json"]
    let test: TestServer

    init(authorizer: (any Authorizer)? = nil) async throws {
        test = try await TestServer(usesPlainRules: false, admission: DefaultAdmission.plugins) { configuration in
            if let authorizer { configuration.authorizer = authorizer }
        }
    }

    /// About ConfigMaps.
    static func policy(_ name: String, _ validations: JSONValue, _ more: JSONObject = JSONObject()) -> JSONValue {
        var spec: JSONObject = [
            "matchConstraints": [
                "resourceRules": [
                    ["apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["configmaps"]]
                ]
            ], "validations": validations,
        ]
        for member in more.members { spec[member.key] = member.value }
        return ["metadata": ["name": .string(name)], "spec": .object(spec)]
    }

    static func binding(_ policy: String, _ actions: [String] = ["Deny"], _ more: JSONObject = JSONObject()) -> JSONValue {
        var spec: JSONObject = ["policyName": .string(policy), "validationActions": .array(actions.map { .string($0) })]
        for member in more.members { spec[member.key] = member.value }
        return ["metadata": ["name": .string("\(policy)-b")], "spec": .object(spec)]
    }

    func make(_ policy: JSONValue, _ binding: JSONValue) async throws {
        try await test.create("\(Self.group)/validatingadmissionpolicies", policy)
        try await test.create("\(Self.group)/validatingadmissionpolicybindings", binding)
    }

    func send(_ data: JSONValue, name: String = "x", labels: JSONValue? = nil) async -> APIResponse {
        await test.send("POST", Self.maps, configMap(name, labels: labels, data: data))
    }
}
