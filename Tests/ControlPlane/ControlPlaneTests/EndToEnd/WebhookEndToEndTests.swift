import APIMachinery
@testable import ControlPlane
import TestSupport
import Testing

/// Real webhook servers over HTTPS.
@Suite(.serialized) struct WebhookEndToEndTests {
    private static let group = "/apis/admissionregistration.k8s.io/v1"
    private static let maps = "/api/v1/namespaces/default/configmaps"

    private func configuration(
        _ name: String, _ client: JSONValue, authority: String, _ more: JSONObject = JSONObject()
    ) -> JSONValue {
        var client = client
        client["caBundle"] = .string(Base64Data(Array(authority.utf8)).base64)
        var hook: JSONObject = [
            "name": .string("\(name).example.com"), "sideEffects": "None", "admissionReviewVersions": ["v1"], "clientConfig": client,
            "rules": [["operations": ["*"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]]],
            "namespaceSelector": ["matchLabels": ["kubernetes.io/metadata.name": "default"]],
        ]
        for member in more.members { hook[member.key] = member.value }
        return ["metadata": ["name": .string(name)], "webhooks": [.object(hook)]]
    }

    private func map(_ name: String, _ data: JSONValue = [:]) -> JSONValue { ["metadata": ["name": .string(name)], "data": data] }

    @Test func `a mutating and a validating webhook of Python are asked, over connections that are kept`() async throws {
        try await LiveCluster.run { cluster in
            let authority = try TestAuthority()
            try authority.issue("hooks", names: ["localhost"], in: cluster.folder)
            let hooks = try await cluster.startPython("hooks", webhookServerProgram, "hooks.pem")
            let base = "https://127.0.0.1:\(hooks.firstLine)"
            try await cluster.create(
                "\(Self.group)/mutatingwebhookconfigurations",
                configuration("mutate", ["url": .string("\(base)/mutate")], authority: try authority.certificate))
            try await cluster.create(
                "\(Self.group)/validatingwebhookconfigurations",
                configuration("validate", ["url": .string("\(base)/validate")], authority: try authority.certificate))
            for index in 0..<5 {
                let made = try await cluster.create(Self.maps, map("m\(index)"))
                #expect(made["metadata"]?["labels"] == ["touched-by": "python"])
            }
            let refused = try await cluster.send("POST", Self.maps, map("bad", ["bad": "yes"]))
            #expect(refused.status == 403)
            #expect(refused.object["message"] == "admission webhook \"validate.example.com\" denied the request: this map is bad")
            let headers = try await cluster.curl("-X DELETE -o /dev/null -D -", "\(Self.maps)/m0")
            #expect(headers.contains("200"))
            let lines = hooks.output.split(separator: "\n")
            #expect(lines.contains("request 127.0.0.1:\(hooks.firstLine) /mutate?timeout=10s CREATE ConfigMap"))
            #expect(lines.filter { $0.hasPrefix("request") }.count == 14)
            // Two kinds of webhooks at one place, asked one after the other.
            #expect(lines.filter { $0 == "connection" }.count <= 2)
            let metrics = try await cluster.curl("", "/metrics")
            #expect(
                metrics.contains(
                    "apiserver_admission_webhook_admission_duration_seconds_count{name=\"validate.example.com\",operation=\"CREATE\","
                        + "rejected=\"true\",type=\"validating\"} 1"))
            let audit = try #require(try SecretFile.read("\(cluster.folder)/audit.log"))
            #expect(audit.contains("\"mutation.webhook.admission.k8s.io/round_0_index_0\""))
            await hooks.stop()
            let failed = try await cluster.send("POST", Self.maps, map("late"))
            #expect(failed.status == 500)
            #expect(
                failed.object["message"]?.stringValue
                    == "Internal error occurred: failed calling webhook \"mutate.example.com\": failed to call webhook: "
                    + "Post \"\(base)/mutate?timeout=10s\": dial tcp 127.0.0.1:\(hooks.firstLine): connect: connection refused")
        }
    }

    @Test func `a webhook has to be who it is said to be, and in time`() async throws {
        try await LiveCluster.run { cluster in
            let authority = try TestAuthority()
            try authority.issue("hooks", names: ["localhost"], in: cluster.folder)
            let hooks = try await cluster.startPython("hooks", webhookServerProgram, "hooks.pem")
            let base = "https://127.0.0.1:\(hooks.firstLine)"
            func problem(_ client: JSONValue, _ certificate: String, _ more: JSONObject = JSONObject()) async throws -> String {
                try await cluster.create(
                    "\(Self.group)/validatingwebhookconfigurations", configuration("v", client, authority: certificate, more))
                let message = try await cluster.send("POST", Self.maps, map("x")).object["message"]?.stringValue ?? ""
                _ = try await cluster.curl("-X DELETE", "\(Self.group)/validatingwebhookconfigurations/v")
                return message
            }
            let stranger = try await problem(["url": .string("\(base)/validate")], try TestAuthority().certificate)
            #expect(stranger.contains("tls: failed to verify certificate: x509: certificate signed by unknown authority"), "\(stranger)")
            let slow = try await problem(["url": .string("\(base)/slow")], try authority.certificate, ["timeoutSeconds": 1])
            #expect(slow.hasSuffix("Post \"\(base)/slow?timeout=1s\": context deadline exceeded"), "\(slow)")
            // A service is asked under its own name, wherever it is.
            try await cluster.create(
                "/api/v1/namespaces/default/services",
                ["metadata": ["name": "hooks"], "spec": ["type": "ExternalName", "externalName": "localhost"]])
            func service(_ program: BackgroundProgram) -> JSONValue {
                let port = JSONValue.integer(Int64(program.firstLine) ?? 0)
                return ["service": ["namespace": "default", "name": "hooks", "path": "/validate", "port": port]]
            }
            try authority.issue("other", names: ["other.default.svc"], addresses: [], in: cluster.folder)
            let other = try await cluster.startPython("other", webhookServerProgram, "other.pem")
            let misnamed = try await problem(service(other), try authority.certificate)
            #expect(misnamed.contains("x509: certificate is not valid for hooks.default.svc"), "\(misnamed)")
            await other.stop()
            try authority.issue("named", names: ["hooks.default.svc"], addresses: [], in: cluster.folder)
            let named = try await cluster.startPython("named", webhookServerProgram, "named.pem")
            let accepted = try await problem(service(named), try authority.certificate)
            #expect(accepted == "")
            #expect(named.output.contains("request hooks.default.svc:\(named.firstLine) /validate?timeout=10s CREATE ConfigMap"))
            await named.stop()
            await hooks.stop()
        }
    }
}
