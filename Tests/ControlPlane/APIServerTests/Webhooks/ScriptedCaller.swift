import APIMachinery
@testable import APIServer
import Synchronization

/// Webhooks that are functions: each answers an AdmissionReview's request with a response, by the path of its URL.
final class ScriptedCaller: WebhookCaller {
    typealias Script = @Sendable (JSONValue) throws(WebhookCallError) -> WebhookAnswer

    struct Call: Sendable {
        var endpoint: WebhookEndpoint
        var review: JSONValue
        var request: JSONValue { review["request"] ?? .null }
        /// The webhook's name, which stands in its path.
        var hook: String { String(endpoint.target.prefix { $0 != "?" }.dropFirst()) }
    }

    private let scripts: [String: Script]
    private let made = Mutex<[Call]>([])

    init(_ scripts: [String: Script]) { self.scripts = scripts }

    var calls: [Call] { made.withLock { $0 } }
    var hooks: [String] { calls.map(\.hook) }

    func post(_ body: [UInt8], to endpoint: WebhookEndpoint, timeout: Duration) async throws(WebhookCallError) -> WebhookAnswer {
        guard let review = try? JSONValue(parsing: body) else { throw WebhookCallError("no JSON was sent") }
        let call = Call(endpoint: endpoint, review: review)
        made.withLock { $0.append(call) }
        guard let script = scripts[call.hook] else { throw WebhookCallError("there is no \(call.hook)") }
        return try script(call.request)
    }
}

/// Scripts for webhooks.
enum Answer {
    static func review(_ request: JSONValue, _ members: JSONObject, version: String = "v1") -> WebhookAnswer {
        var response: JSONObject = ["uid": request["uid"] ?? ""]
        for member in members.members { response[member.key] = member.value }
        let review: JSONValue = [
            "apiVersion": .string("admission.k8s.io/\(version)"), "kind": "AdmissionReview", "response": .object(response),
        ]
        return WebhookAnswer(status: 200, contentType: "application/json", body: review.serialized())
    }

    static let allow: ScriptedCaller.Script = { request throws(WebhookCallError) in review(request, ["allowed": true]) }

    static func deny(_ status: JSONValue?, warnings: [String] = []) -> ScriptedCaller.Script {
        { request throws(WebhookCallError) in
            var members: JSONObject = ["allowed": false]
            members["status"] = status
            if !warnings.isEmpty { members["warnings"] = .array(warnings.map { .string($0) }) }
            return review(request, members)
        }
    }

    static func patch(_ operations: JSONValue) -> ScriptedCaller.Script {
        { request throws(WebhookCallError) in review(request, patched(operations)) }
    }

    static func patched(_ operations: JSONValue) -> JSONObject {
        ["allowed": true, "patchType": "JSONPatch", "patch": .string(Base64Data(operations.serialized()).base64)]
    }

    static func plain(_ status: Int, _ text: String, type: String = "text/plain") -> ScriptedCaller.Script {
        { _ throws(WebhookCallError) in WebhookAnswer(status: status, contentType: type, body: Array(text.utf8)) }
    }
}

/// A server whose webhooks are scripted.
struct WebhookServer {
    static let group = "/apis/admissionregistration.k8s.io/v1"
    let test: TestServer
    let caller: ScriptedCaller
    let metrics = WebhookMetrics()

    init(_ scripts: [String: ScriptedCaller.Script]) async throws {
        caller = ScriptedCaller(scripts)
        test = try await TestServer(
            usesPlainRules: false, admission: DefaultAdmission.plugins(webhooks: (caller: caller, metrics: metrics)))
        try await test.create("/api/v1/namespaces/default/serviceaccounts", ["metadata": ["name": "default"]])
    }

    /// A webhook of the name `NAME.example.com` at `https://hooks.example.com/NAME`.
    static func hook(
        _ name: String, resources: [String] = ["configmaps"], operations: [String] = ["*"], with more: JSONObject = JSONObject()
    ) -> JSONValue {
        var hook: JSONObject = [
            "name": .string("\(name).example.com"), "sideEffects": "None", "admissionReviewVersions": ["v1"],
            "clientConfig": ["url": .string("https://hooks.example.com/\(name)")],
            "rules": [
                [
                    "operations": .array(operations.map { .string($0) }), "apiGroups": ["*"], "apiVersions": ["*"],
                    "resources": .array(resources.map { .string($0) }),
                ]
            ],
        ]
        for member in more.members { hook[member.key] = member.value }
        return .object(hook)
    }

    func mutating(_ hooks: [JSONValue], as name: String = "m") async throws {
        try await test.create(
            "\(Self.group)/mutatingwebhookconfigurations", ["metadata": ["name": .string(name)], "webhooks": .array(hooks)])
    }

    func validating(_ hooks: [JSONValue], as name: String = "v") async throws {
        try await test.create(
            "\(Self.group)/validatingwebhookconfigurations", ["metadata": ["name": .string(name)], "webhooks": .array(hooks)])
    }

    static let maps = "/api/v1/namespaces/default/configmaps"
    func makeMap(_ name: String = "a", labels: JSONValue? = nil) async -> APIResponse {
        await test.send("POST", Self.maps, configMap(name, labels: labels))
    }
}

extension APIResponse {
    var message: String { (try? json["message"]?.stringValue) ?? "" }
}
